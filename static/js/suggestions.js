// <div data-suggestions="/search/suggestions/"><input …></div> offers what begins as typed, in a list below the field
// (WAI-ARIA's combobox). Arrow keys choose, Enter takes, Esc closes; without scripts the field is a field.
const WAIT = 120;
const KINDS = { author: word("author"), keyword: word("keyword"), title: word("title"), topic: word("topic"), word: "" };

function build(frame) {
  const input = frame.querySelector("input");
  const list = document.createElement("ul");
  list.className = "suggestions";
  list.id = "suggestions";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", word("Suggestions"));
  const status = document.createElement("span");
  status.className = "visually-hidden";
  status.setAttribute("role", "status");
  frame.append(list, status);
  for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"], ["aria-controls", list.id]]) {
    input.setAttribute(name, value);
  }
  return { input, list, status };
}

function enhance(frame) {
  const { input, list, status } = build(frame);
  let timer;
  let asked = "";
  let at = -1;

  function close() {
    clearTimeout(timer);
    asked = "";
    at = -1;
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function mark(index) {
    const options = [...list.children];
    at = options.length ? (index + options.length) % options.length : -1;
    options.forEach((option, number) => option.setAttribute("aria-selected", String(number === at)));
    if (at >= 0) input.setAttribute("aria-activedescendant", options[at].id);
  }

  function take(option) {
    const text = option.firstElementChild.textContent;
    input.value = option.dataset.kind === "author" ? `author:"${text}"` : option.dataset.kind === "title" || text.includes(" ") ? `"${text}"` : text;
    close();
    input.form.requestSubmit();
  }

  function show(found) {
    at = -1;
    input.removeAttribute("aria-activedescendant");
    list.replaceChildren(
      ...found.map((one, number) => {
        const option = document.createElement("li");
        option.id = `suggestion-${number}`;
        option.dataset.kind = one.kind;
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        const text = document.createElement("span");
        text.textContent = one.text;
        const kind = document.createElement("span");
        kind.className = "faint";
        kind.textContent = KINDS[one.kind] ?? one.kind;
        option.append(text, kind);
        return option;
      }),
    );
    list.hidden = !found.length;
    input.setAttribute("aria-expanded", String(found.length > 0));
    status.textContent = found.length ? word("{n} suggestions").replace("{n}", found.length) : "";
  }

  async function ask() {
    const typed = input.value.trim();
    if (typed.length < 2 || typed.includes('"') || typed.includes(":")) return close();
    asked = typed;
    try {
      const answer = await fetch(`${frame.dataset.suggestions}?q=${encodeURIComponent(typed)}`);
      if (!answer.ok) return;
      const { suggestions } = await answer.json();
      if (asked === typed && document.activeElement === input) show(suggestions);
    } catch {
      close(); // Offline: the field works without.
    }
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      close();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (list.hidden) return;
      event.preventDefault();
      mark(at + (event.key === "ArrowDown" ? 1 : at < 0 ? 0 : -1));
    } else if (event.key === "Enter" && at >= 0) {
      event.preventDefault();
      take(list.children[at]);
    }
  });
  input.addEventListener("blur", () => setTimeout(close, 150));
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) take(option);
  });
}

for (const frame of document.querySelectorAll("[data-suggestions]")) enhance(frame);
