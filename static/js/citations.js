// A citation shows its references beside it: on pointing (after a moment), on focus by keyboard, and on a click,
// which holds it open. Esc, a click elsewhere or moving on closes it. Without scripts the link leads to the list.
const popover = document.createElement("div");
popover.className = "cite-popover";
popover.id = "cite-popover";
popover.popover = "manual";
popover.setAttribute("role", "note");
let open = null;
let held = false;
let timer;

function referencesOf(link) {
  const ids = (link.dataset.refs ?? decodeURIComponent(link.hash.slice(1))).split(/\s+/);
  return ids.map((id) => document.getElementById(id)).filter(Boolean);
}

function fill(references) {
  const shown = references.slice(0, 6).map((reference) => {
    const item = document.createElement("div");
    for (const part of reference.cloneNode(true).childNodes) item.append(part.cloneNode(true));
    for (const element of item.querySelectorAll("[id]")) element.removeAttribute("id");
    for (const element of item.querySelectorAll(".backlinks")) element.remove();
    return item;
  });
  if (references.length > 6) {
    const more = document.createElement("div");
    more.textContent = word("and {n} more in the list of references").replace("{n}", references.length - 6);
    shown.push(more);
  }
  popover.replaceChildren(...shown);
}

function place(link) {
  const box = link.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = popover;
  const left = Math.min(Math.max(16, box.left - 24), document.documentElement.clientWidth - width - 16);
  const below = box.bottom + 8;
  const top = below + height > innerHeight && box.top - height - 8 > 0 ? box.top - height - 8 : below;
  popover.style.left = `${left + scrollX}px`;
  popover.style.top = `${top + scrollY}px`;
}

function show(link) {
  clearTimeout(timer);
  if (open === link) return;
  const references = referencesOf(link);
  if (!references.length) return;
  hide();
  fill(references);
  link.after(popover);
  popover.showPopover();
  link.setAttribute("aria-describedby", popover.id);
  place(link);
  open = link;
}

function hide() {
  clearTimeout(timer);
  if (!open) return;
  open.removeAttribute("aria-describedby");
  if (popover.contains(document.activeElement)) open.focus();
  popover.hidePopover();
  open = null;
  held = false;
}

// The keyboard moves on: from the link or the popover to neither of them.
function left(event) {
  if (event.relatedTarget === open || popover.contains(event.relatedTarget)) return;
  if (event.relatedTarget) hide();
  else hideSoon();
}

function hideSoon() {
  clearTimeout(timer);
  if (!held) timer = setTimeout(hide, 250);
}

if (typeof popover.showPopover === "function") {
  for (const link of document.querySelectorAll("a.cite[href^='#']")) {
    link.addEventListener("pointerenter", (event) => {
      if (event.pointerType !== "mouse") return;
      clearTimeout(timer);
      timer = setTimeout(show, 180, link);
    });
    link.addEventListener("pointerleave", hideSoon);
    link.addEventListener("focus", () => link.matches(":focus-visible") && show(link));
    link.addEventListener("blur", left);
    link.addEventListener("click", (event) => {
      if (held && open === link) return hide(); // The second click follows the link.
      if (!referencesOf(link).length) return;
      event.preventDefault();
      show(link);
      held = true;
    });
  }
  popover.addEventListener("pointerenter", () => clearTimeout(timer));
  popover.addEventListener("pointerleave", hideSoon);
  popover.addEventListener("focusin", () => clearTimeout(timer));
  popover.addEventListener("focusout", left);
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  document.addEventListener("pointerdown", (event) => {
    if (open && !popover.contains(event.target) && event.target !== open) hide();
  });
  addEventListener("resize", hide);
}
