// The boxes below an article: fetched when the reader comes near, arranged by buttons and by dragging. The server keeps
// the arrangement; every deed is a form that works without this script, too.
let frame;
let status;

async function page(address, options) {
  const answer = await fetch(address, { credentials: "same-origin", ...options });
  if (!answer.ok) throw new Error(answer.statusText);
  const text = await answer.text();
  return document.adoptNode(new DOMParser().parseFromString(text, "text/html").getElementById("related"));
}

function styled(boxes) {
  if (document.querySelector(`link[href="${boxes.dataset.styles}"]`)) return Promise.resolve();
  return new Promise((resolve) => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = boxes.dataset.styles;
    link.onload = link.onerror = resolve;
    document.head.append(link);
  });
}

function announce(text) {
  status.textContent = text;
}

async function send(form, name, value, focus, said) {
  const data = new FormData(form);
  data.set(name, value);
  try {
    const fresh = await page(form.action, { method: "POST", body: data });
    frame.replaceChildren(fresh);
    bind(fresh);
    const same = focus.map((selector) => fresh.querySelector(selector)).find(Boolean);
    (same ?? fresh.querySelector("button"))?.focus();
    announce(said);
  } catch {
    announce(word("The arrangement could not be kept. Please try again."));
  }
}

function order(form) {
  return [...form.querySelectorAll("[data-box]")].map((box) => box.dataset.box);
}

function bind(boxes) {
  const form = boxes.querySelector("form");
  if (!form) return;
  form.addEventListener("submit", (event) => {
    const { name, value } = event.submitter ?? {};
    if (!name) return;
    event.preventDefault();
    const title = boxes.querySelector(`#box-${value}`)?.textContent ?? "";
    const fold = event.submitter.getAttribute("aria-expanded") === "true" ? word("{title} hidden") : word("{title} shown");
    const told = { up: word("{title} moved up"), down: word("{title} moved down"), fold }[name] ?? word("The boxes are in their original order");
    const said = told.replace("{title}", title);
    send(form, name, value, [`[name=${name}][value=${value}]`, `[data-box=${value}] button`], said);
  });
  for (const box of form.querySelectorAll("[data-box]")) draggable(form, box);
}

function draggable(form, box) {
  box.draggable = true;
  box.addEventListener("dragstart", (event) => {
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", box.dataset.box);
    box.classList.add("is-dragged");
  });
  box.addEventListener("dragover", (event) => {
    const moving = form.querySelector(".is-dragged");
    if (!moving || moving === box) return;
    event.preventDefault();
    const middle = box.getBoundingClientRect().top + box.offsetHeight / 2;
    box[event.clientY < middle ? "before" : "after"](moving);
  });
  box.addEventListener("drop", (event) => event.preventDefault());
  box.addEventListener("dragend", () => {
    box.classList.remove("is-dragged");
    const title = box.querySelector("h2").textContent;
    const place = order(form).indexOf(box.dataset.box) + 1;
    send(form, "order", order(form).join("."), [`[data-box=${box.dataset.box}] button`], word("{title} moved to place {n}").replace("{title}", title).replace("{n}", place));
  });
}

export async function load(place) {
  frame = place;
  status = document.createElement("p");
  status.className = "visually-hidden";
  status.setAttribute("role", "status");
  place.after(status);
  try {
    const boxes = await page(place.querySelector("a").href);
    await styled(boxes);
    place.replaceChildren(boxes);
    bind(boxes);
  } catch {
    // The link stays and leads to the same boxes as a page.
  }
}
