// Keys of a list: j and k move, Enter opens, x selects, / searches; one box selects all.
const body = document.getElementById("rows");
const selection = document.getElementById("selection");
const words = selection?.querySelector("[data-selected]");
const all = selection?.querySelector("[data-all]");
let at = -1;

const rows = () => [...body.querySelectorAll("tr:not(.further)")];
const boxes = () => [...body.querySelectorAll('.pick input[type="checkbox"]')];

function move(step) {
  const found = rows();
  if (!found.length) return;
  found[at]?.classList.remove("at");
  at = Math.max(0, Math.min(found.length - 1, at + step));
  found[at].classList.add("at");
  found[at].querySelector("[data-open]").focus({ preventScroll: true });
  found[at].scrollIntoView({ block: "nearest" });
}

function count() {
  const chosen = boxes().filter((box) => box.checked).length;
  if (words) words.textContent = words.dataset.selected ? `${chosen} ${words.dataset.selected}` : `${chosen}`;
  if (all) {
    all.checked = chosen > 0 && chosen === boxes().length;
    all.indeterminate = chosen > 0 && chosen < boxes().length;
  }
}

if (body && selection) {
  words.dataset.selected = words.textContent.toLowerCase();
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input:not([type=checkbox]), select, textarea, dialog, .menu")) return;
    if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (event.key === "x" && at >= 0) {
      const box = rows()[at].querySelector(".pick input");
      box.checked = !box.checked;
      count();
    } else if (event.key === "Enter" && at >= 0 && event.target === document.body) location.assign(rows()[at].querySelector("[data-open]").href);
    else if (event.key === "/") {
      event.preventDefault();
      document.querySelector(".find input").focus();
    }
  });
  selection.addEventListener("change", (event) => {
    if (event.target === all) for (const box of boxes()) box.checked = all.checked;
    count();
  });
  selection.addEventListener("reset", () => setTimeout(count));
  count();
}
