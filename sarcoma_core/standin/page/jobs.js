// The table of workflows, asked for again and again: each second while something runs, else each ten.

import { at, json, post } from "./api.js";
import { find, make } from "./dom.js";

const FAST = 1000;
const SLOW = 10000;
const SHOWN = 100;

export const isFailed = (status) => /^(Failed|Killed)/.test(status);
export const isOver = (status) => status.startsWith("Complete") || isFailed(status);

const stateOf = (status) => {
  if (status.startsWith("Complete")) return "complete";
  if (isFailed(status)) return "failed";
  return /Running|Finalizing|Staging|Created/.test(status) ? "running" : "queued";
};

/** Follow the workflows of a project.
 *  @param {string} project its id
 *  @param {{showLog, resultsOf, ended, say}} page what the page does with them */
export function follow(project, page) {
  let known = null; // status by workflow, as it was last seen
  let commands = new Map();
  const rows = new Map(); // row and what it shows, by workflow
  const scans = new Map(); // URI of the scan, by container: a workflow tells the scan's session only
  let timer = 0;

  const nameOf = (job) => commands.get(job.pipeline)?.label ?? job.pipeline;

  async function look() {
    clearTimeout(timer);
    let pause = SLOW;
    try {
      const jobs = await workflows(project);
      if (jobs.some((job) => !commands.has(job.pipeline))) commands = await wrappers();
      await Promise.all(jobs.filter(isOnUnknownScan).map(async (job) => scans.set(job.container, await scanOf(job.container))));
      jobs.forEach(place);
      show(jobs);
      tell(jobs);
      if (jobs.some((job) => !isOver(job.status))) pause = FAST;
    } catch (error) {
      page.say(`The workflows cannot be shown: ${error.message}`);
    }
    clearTimeout(timer);
    timer = setTimeout(look, pause);
  }

  const takes = (job) => commands.get(job.pipeline)?.takes;
  const isOnUnknownScan = (job) => takes(job) === "Scan" && job.container && !scans.has(job.container);

  // Where a launch was made: the URI of the object, and what a reader calls it.
  function place(job) {
    const scan = scans.get(job.container);
    job.uri = scan || `/archive/${takes(job) === "Project" ? "projects" : "experiments"}/${job.session}`;
    job.on = scan ? `${job.label}, scan ${scan.split("/").pop()}` : job.label;
  }

  // A row is made anew only when it has changed, so that the focus and a selection stay where they are.
  function show(jobs) {
    find(".workflows").hidden = !jobs.length;
    for (const job of jobs) {
      const old = rows.get(job.id);
      const results = resultsOf(job);
      const shows = JSON.stringify([job, results.length, commands.has(job.pipeline)]);
      if (old?.shows === shows) find("time", old.row).textContent = ago(job.launched);
      else rows.set(job.id, { shows, row: replaced(old?.row, row(job, results)) });
    }
    const now = jobs.map((job) => rows.get(job.id).row);
    const place = find("#jobs");
    if (now.length !== place.children.length || now.some((one, n) => place.children[n] !== one)) place.replaceChildren(...now);
  }

  function replaced(old, fresh) {
    const held = old?.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
    old?.replaceWith(fresh);
    if (held) (find(`[aria-label="${CSS.escape(held)}"]`, fresh) ?? find("button, a", fresh))?.focus();
    return fresh;
  }

  const resultsOf = (job) =>
    job.status.startsWith("Complete") ? page.resultsOf(job.uri, commands.get(job.pipeline)?.results ?? []) : [];

  function row(job, results) {
    const name = nameOf(job);
    const status = make("span", { class: "status", "data-state": stateOf(job.status) }, job.status.replace(/^_/, ""));
    return make("tr", { role: "row", "data-workflow": job.id, "data-status": job.status },
      make("th", { role: "rowheader", scope: "row" }, job.on),
      cell("Step", name),
      cell("Status", make("span", {}, status, job.reason ? make("span", { class: "reason" }, job.reason) : null)),
      cell("Launched", make("time", { datetime: job.launched.toISOString(), title: job.launched.toLocaleString() }, ago(job.launched))),
      make("td", { role: "cell", class: "act" }, ...results, ...controls(job, `${name} on ${job.on}`)),
    );
  }

  function controls(job, what) {
    const log = make("button", { type: "button", "aria-haspopup": "dialog", "aria-label": `Log of ${what}`, click: () => page.showLog(job, what) }, "Log");
    const cancel = make("button", { type: "button", class: "quiet", "aria-label": `Cancel ${what}`, click: () => kill(job, what) }, "Cancel");
    return [...(job.container ? [log] : []), ...(isOver(job.status) ? [] : [cancel])];
  }

  async function kill(job, what) {
    try {
      await post(at("xapi", "workflows", job.id, "kill"));
      page.say(`Cancelling ${what}.`);
    } catch (error) {
      page.say(`It is not cancelled: ${error.message}`);
    }
    await look();
  }

  // Say what has changed since the last look; the first look has nothing to compare with.
  function tell(jobs) {
    const changed = known ? jobs.filter((job) => known.get(job.id) !== job.status) : [];
    known = new Map(jobs.map((job) => [job.id, job.status]));
    if (changed.length) {
      const [job] = changed;
      page.say(changed.length === 1 ? `${nameOf(job)} on ${job.on}: ${job.status.replace(/^_/, "")}` : summary(jobs));
    }
    if (changed.some((job) => isOver(job.status))) page.ended().then(() => show(jobs), (error) => page.say(error.message));
  }

  look();
  return look;
}

function cell(label, content) {
  return make("td", { role: "cell" }, make("span", { class: "label", "aria-hidden": "true" }, label), content);
}

function summary(jobs) {
  const count = (state) => jobs.filter((job) => stateOf(job.status) === state).length;
  return `${count("queued")} queued, ${count("running")} running, ${count("complete")} complete, ${count("failed")} failed`;
}

// XNAT's own list of workflows (POST, as its page does).
async function workflows(project) {
  const query = { id: project, data_type: "xnat:projectData", page: 1, size: SHOWN, sortable: true, sort_col: "wfid", sort_dir: "desc", days: 7 };
  const found = await (await post("/xapi/workflows", query)).json();
  return found.map((one) => ({
    id: String(one.wfid),
    status: one.status ?? "",
    pipeline: one.pipelineName ?? "",
    session: one.id ?? "",
    label: one.label || one.id,
    container: one.comments ?? "",
    reason: one.details ?? "",
    launched: new Date(one.launchTime),
  }));
}

// Label, type of the object and result labels of each wrapper, by its name; nothing where commands may not be read.
async function wrappers() {
  const commands = await json("/xapi/commands").catch(() => []);
  const entries = commands.flatMap((command) => (command.xnat ?? []).map((wrapper) => [wrapper.name, {
    label: wrapper.label || command.label || wrapper.name,
    takes: wrapper["external-inputs"]?.[0]?.type,
    results: (wrapper["output-handlers"] ?? []).map((handler) => handler.label).filter(Boolean),
  }]));
  return new Map(entries);
}

// The scan that a container works on, from its inputs; empty where they are others' and hidden.
async function scanOf(container) {
  const found = await json(at("xapi", "containers", container)).catch(() => null);
  return found?.inputs?.find((input) => input.type === "wrapper-external")?.value ?? "";
}

function ago(time) {
  const seconds = Math.max(0, Math.round((Date.now() - time) / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  return seconds < 86400 ? `${Math.floor(seconds / 3600)} h ago` : time.toLocaleDateString();
}
