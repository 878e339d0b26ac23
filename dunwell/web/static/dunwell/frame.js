// What every page needs beyond HTML and htmx: the palette's keys, closing notices, dialogs.
const palette = document.getElementById("palette");
const mac = /Mac|iPhone|iPad/.test(navigator.platform);

for (const keys of document.querySelectorAll("[data-keys]")) if (mac) keys.textContent = "⌘ K";

function openPalette() {
  if (!palette || palette.open) return;
  palette.showModal();
  const input = palette.querySelector("input");
  input.select();
  htmx.trigger(input, "load-results");
}

function moveChoice(step) {
  const links = [...palette.querySelectorAll(".results a")];
  if (!links.length) return;
  const at = links.findIndex((link) => link.getAttribute("aria-selected") === "true");
  links[at]?.removeAttribute("aria-selected");
  const next = links[(at + step + links.length) % links.length];
  next.setAttribute("aria-selected", "true");
  next.scrollIntoView({ block: "nearest" });
}

// Enter goes to what answers the words as they stand now; typed faster than found, it waits.
let waiting = false;
function go() {
  const results = palette.querySelector("#palette-results > [data-for]");
  waiting = results?.dataset.for !== palette.querySelector("input").value.trim();
  if (waiting) return;
  const chosen = palette.querySelector('.results [aria-selected="true"]') ?? palette.querySelector(".results a");
  if (chosen) location.assign(chosen.href);
}
palette?.addEventListener("htmx:afterSettle", () => waiting && go());

palette?.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    moveChoice(event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Enter") {
    if (event.target.matches("input")) {
      event.preventDefault();
      go();
    }
  }
});

addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    openPalette();
  }
});

// data-opens="id" opens a dialog, data-closes="selector" removes what it stands in (or closes the
// dialog); a click beside a dialog closes it.
addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.opens);
    if (dialog) {
      event.preventDefault();
      if (dialog === palette) openPalette();
      else dialog.showModal();
    }
    return;
  }
  const closer = event.target.closest("[data-closes]");
  if (closer) {
    const closed = closer.closest(closer.dataset.closes);
    if (closed instanceof HTMLDialogElement) closed.close();
    else closed?.remove();
  } else if (event.target instanceof HTMLDialogElement) {
    const box = event.target.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside) event.target.close();
  }
  for (const menu of document.querySelectorAll("details.drop-menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});

addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.drop-menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// A form with data-auto sends itself when a choice changes.
addEventListener("change", (event) => {
  const form = event.target.form;
  if (form?.hasAttribute("data-auto")) form.requestSubmit();
});

document.querySelector(".error-summary")?.focus();
