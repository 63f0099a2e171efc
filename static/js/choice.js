// A group of buttons of which one is chosen, kept in this browser: appearance and text size.
// <div data-choice="text-size"><button value="normal">…   The choice stands on <html> as data-text-size, data-theme.
const root = document.documentElement;

function chosen(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

function keep(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // Not kept, but it works on this page.
  }
}

function show(group, value) {
  for (const button of group.querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button.value === value));
  }
}

for (const group of document.querySelectorAll("[data-choice]")) {
  const name = group.dataset.choice;
  const attribute = `data-${name}`;
  const first = group.querySelector("button").value;
  show(group, chosen(name) ?? first);
  group.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    keep(name, button.value);
    if (button.value === first) root.removeAttribute(attribute);
    else root.setAttribute(attribute, button.value);
    for (const same of document.querySelectorAll(`[data-choice="${name}"]`)) show(same, button.value);
  });
}
