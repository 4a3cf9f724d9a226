// The dialog "Files": what a resource holds.

import { json } from "./api.js";
import { find, make } from "./dom.js";

/** Open the dialog.
 *  @param {string} resource where the resource is
 *  @param {string} label its label
 *  @param {string} owner what it belongs to */
export async function open(resource, label, owner) {
  find("#files-title").textContent = label;
  find("#files-of").textContent = owner;
  find("#all-files").href = `${resource}/files?format=zip`;
  find("#file-list").replaceChildren();
  find("#files").showModal();
  try {
    const found = (await json(`${resource}/files?format=json`)).ResultSet.Result;
    find("#file-list").replaceChildren(...found.map(line));
  } catch (error) {
    find("#file-list").replaceChildren(make("li", {}, error.message));
  }
}

function line(file) {
  const name = decodeURIComponent(file.URI.split("/files/").slice(1).join("/files/")) || file.Name;
  return make("li", {}, make("a", { href: file.URI }, name), make("span", { class: "size" }, size(Number(file.Size))));
}

function size(bytes) {
  const [unit, by] = bytes < 1e3 ? ["B", 1] : bytes < 1e6 ? ["kB", 1e3] : bytes < 1e9 ? ["MB", 1e6] : ["GB", 1e9];
  return `${(bytes / by).toFixed(unit === "B" ? 0 : 1)} ${unit}`;
}
