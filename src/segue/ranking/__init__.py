"""The second stage: candidates put in order by what learned from lists that nothing before had seen."""
