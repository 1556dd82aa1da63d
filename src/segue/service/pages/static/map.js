// The map of tastes: zoom, drag, point at a track, choose a taste. The table beside it says the same without.
function begin(box) {
  const chart = box.querySelector("svg.chart");
  const pointed = box.querySelector("[data-pointed]");
  const whole = chart.viewBox.baseVal;
  const all = { x: 0, y: 0, w: whole.width, h: whole.height };
  let view = { ...all };
  const show = () => {
    chart.setAttribute("viewBox", `${view.x} ${view.y} ${view.w} ${view.h}`);
    const scale = view.w / all.w;
    for (const text of chart.querySelectorAll("text")) {
      text.dataset.size ??= text.getAttribute("font-size");
      text.setAttribute("font-size", text.dataset.size * Math.max(scale, 0.35));
    }
  };
  const zoom = (by, x = view.x + view.w / 2, y = view.y + view.h / 2) => {
    if (!by) view = { ...all };
    else {
      const w = Math.min(all.w, Math.max(all.w / 12, view.w / by));
      const k = w / view.w;
      view = { x: x - (x - view.x) * k, y: y - (y - view.y) * k, w, h: view.h * k };
      view.x = Math.min(Math.max(view.x, 0), all.w - view.w);
      view.y = Math.min(Math.max(view.y, 0), all.h - view.h);
    }
    show();
  };
  const at = (event) => {
    const place = new DOMPoint(event.clientX, event.clientY).matrixTransform(chart.getScreenCTM().inverse());
    return [place.x, place.y];
  };
  for (const button of box.querySelectorAll("[data-zoom]")) button.addEventListener("click", () => zoom(Number(button.dataset.zoom)));
  chart.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey && view.w === all.w && event.deltaY > 0) return;
    event.preventDefault();
    zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2, ...at(event));
  }, { passive: false });
  let held = null;
  chart.addEventListener("pointerdown", (event) => { if (view.w < all.w) { held = { from: at(event), view: { ...view } }; chart.setPointerCapture(event.pointerId); } });
  chart.addEventListener("pointermove", (event) => {
    if (!held) return;
    const start = held.start ??= [event.clientX, event.clientY];
    const scale = chart.getScreenCTM().a;
    view.x = Math.min(Math.max(held.view.x - (event.clientX - start[0]) / scale, 0), all.w - view.w);
    view.y = Math.min(Math.max(held.view.y - (event.clientY - start[1]) / scale, 0), all.h - view.h);
    show();
  });
  for (const end of ["pointerup", "pointercancel"]) chart.addEventListener(end, () => { held = null; });
  chart.addEventListener("pointerover", (event) => {
    const dot = event.target.closest("circle");
    if (dot) pointed.textContent = dot.querySelector("title").textContent;
  });
  const choose = (taste) => {
    for (const each of chart.querySelectorAll("[data-taste]")) each.classList.toggle("dim", taste !== null && each.dataset.taste !== taste);
  };
  chart.addEventListener("click", (event) => {
    const dot = event.target.closest("[data-taste]");
    choose(dot ? dot.dataset.taste : null);
    if (dot) document.getElementById(`taste-${dot.dataset.taste}`)?.scrollIntoView({ block: "nearest" });
  });
  for (const card of document.querySelectorAll("[data-of]")) {
    card.addEventListener("pointerenter", () => choose(card.dataset.of));
    card.addEventListener("pointerleave", () => choose(null));
    card.addEventListener("focusin", () => choose(card.dataset.of));
  }
}
const every = () => document.querySelectorAll("[data-map]:not([data-begun])").forEach((box) => { box.dataset.begun = ""; begin(box); });
every();
document.addEventListener("put", every); // a changed taste brings a new map
