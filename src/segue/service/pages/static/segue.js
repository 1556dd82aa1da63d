// What makes pages quicker than whole loads: forms that change their own part, keys, news from the service.
// Without it every form still works, as a form.

const told = document.getElementById("told");

export function tell(text) {
  if (told) told.textContent = text;
}

async function send(form, submitter) {
  const fields = new FormData(form, submitter);
  const get = form.method === "get";
  const body = new URLSearchParams(fields);
  const action = (submitter && submitter.getAttribute("formaction")) || form.getAttribute("action");
  const address = get ? `${action}?${body}` : action;
  const answer = await fetch(address, {
    method: get ? "GET" : "POST",
    body: get ? undefined : body,
    headers: { "x-segue-part": "1" },
    redirect: "follow",
  });
  return { answer, text: await answer.text() };
}

function put(target, html) {
  const made = document.createElement("template");
  made.innerHTML = html;
  const first = made.content.firstElementChild;
  target.replaceWith(made.content);
  return first;
}

async function changed(event) {
  const form = event.target.closest("form[data-swap]");
  if (!form || event.defaultPrevented) return;
  event.preventDefault();
  const submitter = event.submitter;
  const target = form.dataset.swap === "self" ? form : document.querySelector(form.dataset.swap);
  if (!target) return;
  const held = submitter && submitter.dataset.focus;
  forget();
  form.setAttribute("aria-busy", "true");
  try {
    const { answer, text } = await send(form, submitter);
    if (!answer.ok) {
      tell(new DOMParser().parseFromString(text, "text/html").body.textContent.trim());
      if (!target.contains(form)) target.replaceChildren(); // what came of an earlier try is no answer to this one
      show(form, text);
      return;
    }
    const first = put(target, text);
    document.dispatchEvent(new CustomEvent("put"));
    const again = held && document.querySelector(`[data-focus="${CSS.escape(held)}"]`);
    (again || (first && first.querySelector("[data-first]")))?.focus();
    if (first && first.dataset.told) tell(first.dataset.told);
    const row = first && first.closest(".track");
    if (row && first.dataset.said !== undefined) row.dataset.said = first.dataset.said;
  } finally {
    form.removeAttribute("aria-busy");
  }
}

// What was wrong with an earlier try.
function forget() {
  for (const each of document.querySelectorAll("main [role=alert]")) each.remove();
}

function show(form, text) {
  const made = document.createElement("template");
  made.innerHTML = text;
  form.after(made.content);
}

document.addEventListener("submit", changed);

// Keys: a button with data-key is pressed by that key, unless something is being typed.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.closest("input, select, textarea, [contenteditable]")) return;
  const button = document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]:not(:disabled)`);
  if (!button) return;
  event.preventDefault();
  button.click();
});

// A slider says its value in words.
document.addEventListener("input", (event) => {
  const shown = event.target.dataset && event.target.dataset.shows;
  if (shown) document.getElementById(shown).textContent = `${Math.round(100 * event.target.value)} %`;
});

// A field that takes a track offers what it may mean.
let waiting;
document.addEventListener("input", (event) => {
  const field = event.target.closest("input[data-search]");
  if (!field) return;
  clearTimeout(waiting);
  waiting = setTimeout(async () => {
    const list = document.getElementById(field.getAttribute("list"));
    if (field.value.trim().length < 2) return;
    const answer = await fetch(`/search?q=${encodeURIComponent(field.value)}`, { headers: { "x-segue-part": "1" } });
    if (answer.ok) list.innerHTML = await answer.text();
  }, 180);
});

// Progress that the service tells: the strip of the demo, the state of a job.
for (const strip of document.querySelectorAll("[data-events]")) {
  const source = new EventSource(strip.dataset.events);
  let last = strip.dataset.mark;
  source.addEventListener("state", (event) => {
    const state = JSON.parse(event.data);
    strip.querySelector("[data-body]").innerHTML = state.html;
    if (state.reload && state.mark !== last && document.body.dataset.follows === "true") location.reload();
    last = state.mark;
    if (state.done) source.close();
  });
}

// Sending files in pieces, so that no request is large.
export async function sendFile(file, address, word, told) {
  const piece = 4 << 20;
  let at = 0;
  do {
    const part = file.slice(at, at + piece);
    const last = at + piece >= file.size;
    const answer = await fetch(`${address}&at=${at}&last=${last ? 1 : 0}`, {
      method: "POST",
      body: part,
      headers: { "x-segue-part": "1", "x-segue-word": word, "content-type": "application/octet-stream" },
    });
    const text = await answer.text();
    if (!answer.ok || last) return { ok: answer.ok, text };
    at += piece;
    told(at / file.size);
  } while (at < file.size);
  return { ok: true, text: "" };
}

// What else has changed on the page, as it is by now.
async function renew(part) {
  if (!part) return;
  const answer = await fetch(part.dataset.fresh);
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(part.id);
  if (fresh) part.replaceWith(document.adoptNode(fresh));
}

for (const box of document.querySelectorAll("[data-drop]")) {
  const input = box.querySelector("input[type=file]");
  const bar = box.querySelector("progress");
  const take = async (file) => {
    if (!file) return;
    forget();
    bar.hidden = false;
    bar.removeAttribute("value");
    tell(box.dataset.sending);
    const fields = new URLSearchParams({ name: file.name });
    for (const field of box.querySelectorAll("[name]")) if (field.type !== "file") fields.set(field.name, field.value);
    const now = box.querySelector("[data-now]");
    const watch = box.dataset.progress && setInterval(async () => {
      const answer = await fetch(box.dataset.progress);
      const { what, share } = answer.ok ? await answer.json() : {};
      if (what === undefined || bar.hidden || !what) return;
      now.textContent = what;
      if (share === null) bar.removeAttribute("value");
      else bar.value = share;
    }, 700);
    const { text } = await sendFile(file, `${box.dataset.to}?${fields}`, box.dataset.word, (share) => { bar.value = share; });
    clearInterval(watch);
    bar.hidden = true;
    if (now) now.textContent = "";
    const result = document.querySelector(box.dataset.drop); // which an earlier answer may have brought
    const made = document.createElement("div");
    made.id = result.id;
    made.innerHTML = text;
    result.replaceWith(made);
    input.value = ""; // so that the same file can be chosen once more
    if (made.firstElementChild?.dataset.go) location.assign(made.firstElementChild.dataset.go);
    await renew(document.querySelector("[data-fresh]"));
    const heading = made.querySelector("h2");
    if (heading) { heading.tabIndex = -1; heading.focus(); }
    else if (made.querySelector("[role=alert]")) tell(made.textContent.trim());
  };
  input.addEventListener("change", () => take(input.files[0]));
  box.addEventListener("dragover", (event) => { event.preventDefault(); box.classList.add("over-it"); });
  box.addEventListener("dragleave", () => box.classList.remove("over-it"));
  box.addEventListener("drop", (event) => { event.preventDefault(); box.classList.remove("over-it"); take(event.dataTransfer.files[0]); });
}

// Links to open where one is, in the navigation that scrolls.
const here = document.querySelector("nav [aria-current]");
const row = here?.closest("nav");
// Not scrollIntoView: from there the keyboard would go on, past the link to the content.
if (row) row.scrollLeft = here.offsetLeft - row.offsetLeft - (row.clientWidth - here.offsetWidth) / 2;

// Pages that take seconds to be worked out the first time are asked for while this one is read.
const ahead = document.body.dataset.ahead?.split(" ") ?? [];
if (ahead.length && !navigator.connection?.saveData) {
  setTimeout(async () => {
    for (const each of ahead) await fetch(each, { priority: "low" }).catch(() => null);
  }, 1000);
}
