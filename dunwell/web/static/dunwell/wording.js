// Inserts a variable where the caret stands, and brings the line of a mistake into sight.
let field = document.getElementById("id_text");

document.addEventListener("focusin", (event) => {
  if (event.target.matches("#id_subject, #id_text, #id_html")) field = event.target;
});

document.addEventListener("click", (event) => {
  const variable = event.target.closest("[data-inserts]");
  if (variable) {
    field.focus();
    field.setRangeText(variable.dataset.inserts, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    return;
  }
  const mistake = event.target.closest("a[data-line]");
  if (!mistake) return;
  const place = document.querySelector(mistake.hash);
  if (!place) return;
  event.preventDefault();
  const before = place.value.split("\n").slice(0, mistake.dataset.line - 1).join("\n").length;
  const start = mistake.dataset.line > 1 ? before + 1 : 0;
  const end = place.value.indexOf("\n", start);
  place.focus();
  place.setSelectionRange(start, end < 0 ? place.value.length : end);
});
