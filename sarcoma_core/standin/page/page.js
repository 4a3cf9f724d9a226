// The page's parts, put together: sessions, launch dialog, workflows, log and files.

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
const sessionOf = (row) => ({ id: row.dataset.id, label: row.dataset.session, uri: row.dataset.uri, type: row.dataset.type });
const tickedRows = () => all("tr", rows).filter((row) => find(".tick input", row).checked);

function ticked() {
  const count = tickedRows().length;
  const every = find("#all");
  every.checked = count > 0 && count === rows.children.length;
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

// Take the rows of a fresh page, as results have come; what is ticked and what has the focus stays so.
async function refresh() {
  const before = new Set(tickedRows().map((row) => row.dataset.id));
  const held = document.activeElement?.closest("#rows tr")?.dataset.id;
  const control = document.activeElement?.className || "run";
  const fresh = find("#rows", await page());
  if (!fresh) return;
  all("tr", fresh).forEach((row) => {
    find(".tick input", row).checked = before.has(row.dataset.id);
  });
  rows.replaceChildren(...document.adoptNode(fresh).children);
  if (held) all("tr", rows).find((row) => row.dataset.id === held)?.querySelector(`.${control}`)?.focus();
  ticked();
}

// A workflow's results are those that its session shows.
function resultsOf(session, labels) {
  const row = all("tr", rows).find((one) => one.dataset.id === session || one.dataset.session === session);
  const found = row ? all(".result", row).filter((result) => labels.includes(result.dataset.label)) : [];
  return found.map((result) => {
    const copy = result.cloneNode(true);
    copy.dataset.session = row.dataset.session;
    return copy;
  });
}

function start() {
  closable();
  ticked();
  document.addEventListener("click", (event) => {
    const result = event.target.closest("button.result");
    const session = result?.dataset.session ?? result?.closest("tr")?.dataset.session;
    if (result) openFiles(result.dataset.files, result.dataset.label, session);
    const run = event.target.closest(".run");
    if (run) openLauncher(project, [sessionOf(run.closest("tr"))]);
  });
  rows.addEventListener("change", ticked);
  find("#all").addEventListener("change", (event) => tickAll(event.target.checked));
  find("#untick").addEventListener("click", () => tickAll(false));
  find("#run-bulk").addEventListener("click", () => openLauncher(project, tickedRows().map(sessionOf)));

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
