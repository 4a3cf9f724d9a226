// The page's parts, put together: project, sessions with their scans, launch dialog, workflows, log and files.

import { page } from "./api.js";
import { all, closable, find } from "./dom.js";
import { open as openFiles } from "./files.js";
import { follow, isFailed, isOver } from "./jobs.js";
import { open as openLauncher } from "./launcher.js";
import { open as openLog } from "./log.js";

const project = find("[data-project]")?.dataset.project;
const rows = find("#rows");

const say = (message) => {
  find("#said").textContent = message;
};
// What a container can be run on: the project, a session's row, or a scan in the list below it.
const objectOf = ({ dataset }) => ({ name: dataset.name, uri: dataset.uri, type: dataset.type });
const withUri = (uri) => find(`[data-uri="${CSS.escape(uri)}"]`);
const sessions = (within = rows) => all("tr.session", within);
const tickedRows = () => sessions().filter((row) => find(".tick input", row).checked);
const folds = (within = rows) => all(".fold", within);

function ticked() {
  const count = tickedRows().length;
  const every = find("#all");
  every.checked = count > 0 && count === sessions().length;
  every.indeterminate = count > 0 && !every.checked;
  find("#bulk").hidden = count === 0;
  find("#ticked").textContent = count === 1 ? "1 session is ticked." : `${count} sessions are ticked.`;
}

function tickAll(on) {
  all(".tick input", rows).forEach((box) => {
    box.checked = on;
  });
  ticked();
}

const isUnfolded = (fold) => fold.getAttribute("aria-expanded") === "true";

// Show or hide the scans of a session; `within` is the table that both are in.
function unfold(fold, on, within = document) {
  fold.setAttribute("aria-expanded", String(on));
  find(`#${fold.getAttribute("aria-controls")}`, within).hidden = !on;
}

// Take the rows of a fresh page, as results have come; what is ticked, unfolded and has the focus stays so.
async function refresh() {
  const before = new Set(tickedRows().map((row) => row.dataset.id));
  const uriOf = (fold) => fold.closest("[data-uri]").dataset.uri;
  const open = new Map(folds().map((fold) => [uriOf(fold), isUnfolded(fold)]));
  const held = document.activeElement?.closest("[data-uri]")?.dataset.uri;
  const control = document.activeElement?.className || "run";
  const fresh = await page();
  const table = find("#rows", fresh);
  if (!table) return;
  sessions(table).forEach((row) => {
    find(".tick input", row).checked = before.has(row.dataset.id);
  });
  folds(table).filter((fold) => open.has(uriOf(fold))).forEach((fold) => unfold(fold, open.get(uriOf(fold)), fresh));
  rows.replaceChildren(...document.adoptNode(table).children);
  find("#own-results").replaceChildren(...document.adoptNode(find("#own-results", fresh)).childNodes);
  if (held) withUri(held)?.querySelector(`.${control}`)?.focus();
  ticked();
}

// A workflow's results are those that its object shows.
function resultsOf(uri, labels) {
  const object = withUri(uri);
  if (!object) return [];
  return all(".result", object).filter((result) => labels.includes(result.dataset.label)).map((result) => {
    const copy = result.cloneNode(true);
    copy.dataset.of = object.dataset.name;
    return copy;
  });
}

function pressed(event) {
  const result = event.target.closest("button.result");
  if (result) openFiles(result.dataset.files, result.dataset.label, result.dataset.of ?? result.closest("[data-uri]").dataset.name);
  const run = event.target.closest(".run");
  if (run) openLauncher(project, [objectOf(run.closest("[data-uri]"))]);
  const fold = event.target.closest(".fold");
  if (fold) unfold(fold, !isUnfolded(fold));
}

function start() {
  closable();
  ticked();
  document.addEventListener("click", pressed);
  rows.addEventListener("change", ticked);
  find("#all").addEventListener("change", (event) => tickAll(event.target.checked));
  find("#untick").addEventListener("click", () => tickAll(false));
  find("#run-bulk").addEventListener("click", () => openLauncher(project, tickedRows().map(objectOf)));

  const status = (job) => find(`[data-workflow="${CSS.escape(job.id)}"]`)?.dataset.status ?? job.status;
  const look = follow(project, {
    say,
    resultsOf,
    ended: refresh,
    showLog: (job, what) => openLog(job.container, what, isFailed(job.status) ? "stderr" : "stdout", () => isOver(status(job))),
  });
  find("#launcher").addEventListener("launched", (event) => {
    say(event.detail);
    look();
  });
}

if (project) start();
