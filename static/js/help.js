// <details class="help"> explains a word. With scripts it also opens on pointing, stays while pointed at,
// and closes with Esc or on leaving (WCAG 1.4.13). It never leaves the window at the right.
function keepInside(help) {
  const text = help.querySelector(".help-text");
  text.style.insetInlineStart = "";
  const over = text.getBoundingClientRect().right - (document.documentElement.clientWidth - 8);
  if (over > 0) text.style.insetInlineStart = `calc(-0.5rem - ${Math.ceil(over)}px)`;
}

for (const help of document.querySelectorAll("details.help")) {
  let pinned = false;
  let timer;
  const close = () => {
    pinned = false;
    help.open = false;
  };
  help.addEventListener("toggle", () => help.open && keepInside(help));
  help.querySelector("summary").addEventListener("click", (event) => {
    if (help.open && !pinned) event.preventDefault(); // Open by pointing: the click keeps it.
    pinned = !pinned;
  });
  help.addEventListener("pointerenter", (event) => {
    if (event.pointerType !== "mouse") return;
    clearTimeout(timer);
    timer = setTimeout(() => (help.open = true), 120);
  });
  help.addEventListener("pointerleave", () => {
    clearTimeout(timer);
    if (!pinned) timer = setTimeout(close, 250);
  });
  help.addEventListener("focusout", (event) => !help.contains(event.relatedTarget) && close());
  document.addEventListener("keydown", (event) => event.key === "Escape" && help.open && close());
  document.addEventListener("pointerdown", (event) => help.open && !help.contains(event.target) && close());
}
