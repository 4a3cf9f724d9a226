// The dialog "Log": what a container writes, followed while it runs.

import { at, text } from "./api.js";
import { all, find } from "./dom.js";

const PAUSE = 1000;
const dialog = find("#log");
const place = find("#log-text");
let shown = null; // {container, isOver}: whose log it is
let timer = 0;

/** Open the dialog.
 *  @param {string} container the container's number or id
 *  @param {string} what the step and session, for people
 *  @param {string} stream the one to show first
 *  @param {() => boolean} isOver whether nothing more will be written */
export function open(container, what, stream, isOver) {
  shown = { container, isOver };
  find(`[name=stream][value=${stream}]`).checked = true;
  find("#log-of").textContent = what;
  place.textContent = "";
  dialog.showModal();
  read();
}

async function read() {
  clearTimeout(timer);
  const mine = shown;
  const stream = find("[name=stream]:checked").value;
  const last = mine.isOver();
  let written = "";
  try {
    written = await text(at("xapi", "containers", mine.container, "logs", stream));
  } catch (error) {
    written = `(${error.message})`;
  }
  if (mine !== shown || !dialog.open || stream !== find("[name=stream]:checked").value) return;
  const content = written || (last ? "(nothing was written)" : "(nothing yet)");
  if (content !== place.textContent) {
    place.textContent = content;
    if (find("#follow").checked) place.scrollTop = place.scrollHeight;
  }
  if (!last) timer = setTimeout(read, PAUSE);
}

all("[name=stream]").forEach((choice) => choice.addEventListener("change", read));
dialog.addEventListener("close", () => clearTimeout(timer));
