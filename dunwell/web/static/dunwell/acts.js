// Opens acts in the dialog once htmx has filled it, and brings today into sight on the line.
const dialog = document.getElementById("act");

document.body.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id !== "act-body") return;
  for (const menu of document.querySelectorAll("details.drop-menu[open]")) menu.open = false;
  if (!dialog.open) dialog.showModal();
  const first = dialog.querySelector(".error-summary") ?? dialog.querySelector("input:not([type=hidden]):not([type=radio]), textarea, select");
  (first ?? dialog.querySelector("h2"))?.focus();
});

const today = document.querySelector(".timeline .today");
const box = today?.closest(".scroll");
if (box) box.scrollLeft += today.getBoundingClientRect().left - box.getBoundingClientRect().left - box.clientWidth / 2;
