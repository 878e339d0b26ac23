// Adds a blank line to a form of lines.
document.querySelector("[data-add-line]")?.addEventListener("click", () => {
  const body = document.querySelector(".lines tbody");
  const line = body.lastElementChild.cloneNode(true);
  for (const input of line.querySelectorAll("input")) input.value = "";
  body.append(line);
  line.querySelector("input").focus();
});
