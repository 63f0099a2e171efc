// The viewer of figures and tables: as large as the screen, enlarged by buttons, keys (+ − 0), Ctrl and the wheel, or a
// double click; moved by scrolling or dragging; with its caption and downloads, and the way to the next one.
const STEPS = [1, 1.5, 2, 3, 4, 6];
const dialog = document.createElement("dialog");
dialog.className = "dialog viewer";
dialog.setAttribute("aria-labelledby", "viewer-title");
dialog.innerHTML = `
  <div class="dialog-head">
    <h2 id="viewer-title"></h2>
    <div class="viewer-tools">
      <span class="segmented" role="group" aria-label="${word("Size")}">
        <button type="button" data-step="-1" aria-label="${word("Smaller")}">−</button>
        <button type="button" data-whole><span data-percent aria-live="polite"></span><span class="visually-hidden">, ${word("show the whole")}</span></button>
        <button type="button" data-step="1" aria-label="${word("Larger")}">+</button>
      </span>
      <span class="segmented" role="group" aria-label="${word("Figures and tables")}">
        <button type="button" data-turn="-1" aria-label="${word("Previous")}">←</button>
        <button type="button" data-turn="1" aria-label="${word("Next")}">→</button>
      </span>
      <button type="button" class="button button-quiet button-sm" data-close>${word("Close")}</button>
    </div>
  </div>
  <div class="viewer-pane" tabindex="0" role="region" aria-labelledby="viewer-title"></div>
  <div class="viewer-words"><div class="viewer-caption"></div><p class="downloads"></p></div>`;
document.body.append(dialog);

const part = (selector) => dialog.querySelector(selector);
const pane = part(".viewer-pane");
const downloads = fetchDownloads();
let all = [];
let shown;
let opener;
let zoom = 1;
let fit = 0;

async function fetchDownloads() {
  const answer = await fetch(new URL("figures/", location.href.replace(/[?#].*/, "")));
  if (!answer.ok) throw new Error(answer.statusText);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

// A copy of what is shown, without ids and links that belong to the text.
function copyOf(element) {
  const copy = element.cloneNode(true);
  for (const same of [copy, ...copy.querySelectorAll("[id]")]) same.removeAttribute("id");
  for (const back of copy.querySelectorAll(".backlinks")) back.remove();
  for (const link of copy.querySelectorAll("a[href^='#']")) link.replaceWith(...link.childNodes);
  return copy;
}

function largest(img) {
  const copy = new Image();
  copy.src = img.closest("a.zoom")?.href ?? img.src;
  copy.alt = img.alt;
  copy.width = img.width;
  copy.height = img.height;
  copy.draggable = false;
  return copy;
}

function content(figure) {
  const own = (element) => element.closest("figure") === figure;
  const tables = [...figure.querySelectorAll("table")].filter(own);
  const notes = [...figure.querySelectorAll(".table-notes")].filter(own);
  if (tables.length) return [...tables, ...notes].map(copyOf);
  return [...figure.querySelectorAll("img:not(.inline-image)")].filter(own).map(largest);
}

async function offerDownloads(figure) {
  const place = part(".downloads");
  place.replaceChildren();
  const page = await downloads.catch(() => null);
  if (figure !== shown || !page) return;
  const links = page.getElementById(`view-${figure.id}`)?.querySelectorAll("[data-downloads] a") ?? [];
  place.replaceChildren(...[...links].map((link) => document.importNode(link, true)));
}

function show(figure) {
  shown = figure;
  const caption = figure.querySelector(":scope > figcaption");
  part("h2").textContent = caption?.querySelector(".label")?.textContent.trim() || (figure.matches(".table-wrap") ? word("Table") : word("Figure"));
  part(".viewer-caption").replaceChildren(...(caption ? copyOf(caption).childNodes : []));
  part(".viewer-caption > .label")?.remove();
  pane.replaceChildren(...content(figure));
  pane.classList.toggle("viewer-pane-table", !pane.querySelector(":scope > img"));
  enlarge(1);
  pane.scrollTo(0, 0);
  const place = all.indexOf(figure);
  part("[data-turn='-1']").disabled = place === 0;
  part("[data-turn='1']").disabled = place === all.length - 1;
  offerDownloads(figure);
}

// Keeps what is in the middle of the pane there.
function enlarge(to) {
  const middle = [
    (pane.scrollLeft + pane.clientWidth / 2) / pane.scrollWidth,
    (pane.scrollTop + pane.clientHeight / 2) / pane.scrollHeight,
  ];
  if (zoom === 1) fit = Math.max(...[...pane.children].map((child) => child.clientWidth), 0);
  zoom = to;
  pane.classList.toggle("viewer-enlarged", zoom !== 1);
  pane.style.setProperty("--zoom", zoom);
  pane.style.setProperty("--fit", `${fit}px`);
  part("[data-percent]").textContent = `${zoom * 100} %`;
  part("[data-step='-1']").disabled = zoom === STEPS[0];
  part("[data-step='1']").disabled = zoom === STEPS.at(-1);
  pane.scrollTo(middle[0] * pane.scrollWidth - pane.clientWidth / 2, middle[1] * pane.scrollHeight - pane.clientHeight / 2);
}

function step(by) {
  const next = STEPS[STEPS.indexOf(zoom) + Number(by)];
  if (next) enlarge(next);
}

function turn(by) {
  const next = all[all.indexOf(shown) + Number(by)];
  if (!next) return;
  const focused = document.activeElement;
  show(next);
  if (focused?.disabled) part(`[data-turn='${-by}']`).focus(); // the end is reached: the focus stays among the buttons
}

export function open(figures, figure, from) {
  all = figures;
  opener = from;
  dialog.showModal();
  show(figure);
  pane.focus();
}

dialog.addEventListener("close", () => {
  pane.replaceChildren();
  opener?.focus();
});

dialog.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (event.target === dialog || button?.matches("[data-close]")) dialog.close();
  else if (button?.dataset.step) step(button.dataset.step);
  else if (button?.dataset.turn) turn(button.dataset.turn);
  else if (button?.matches("[data-whole]")) enlarge(1);
});

dialog.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "+" || event.key === "=") step(1);
  else if (event.key === "-") step(-1);
  else if (event.key === "0") enlarge(1);
});

pane.addEventListener("dblclick", () => enlarge(zoom === 1 ? 2 : 1));

pane.addEventListener(
  "wheel",
  (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    step(event.deltaY < 0 ? 1 : -1);
  },
  { passive: false },
);

pane.addEventListener("pointerdown", (event) => {
  if (event.pointerType !== "mouse" || event.button || zoom === 1 || !event.target.closest("img")) return;
  pane.setPointerCapture(event.pointerId);
  pane.classList.add("viewer-dragged");
});

pane.addEventListener("pointermove", (event) => {
  if (pane.hasPointerCapture(event.pointerId)) pane.scrollBy(-event.movementX, -event.movementY);
});

pane.addEventListener("lostpointercapture", () => pane.classList.remove("viewer-dragged"));
