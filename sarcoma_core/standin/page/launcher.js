// The dialog "Run container": choose a step, fill in its form, launch it on one session or on several.

import { at, json, post } from "./api.js";
import { find } from "./dom.js";
import { check, read, showFields } from "./form.js";

const dialog = find("#launcher");
const chooser = find("#command");
const button = find("#launch");
let state = null; // {project, sessions, offers}: what the dialog is open for
let turn = 0; // answers of an earlier choice are dropped

/** Open the dialog.
 *  @param {string} project id of the project
 *  @param {{id, label, uri, type}[]} sessions one, or several for a bulk launch */
export async function open(project, sessions) {
  state = { project, sessions, offers: [] };
  find("#launch-on").textContent = sessions.length === 1 ? sessions[0].label : `${sessions.length} sessions`;
  chooser.replaceChildren();
  find("#command-help").textContent = "";
  find("#fields").replaceChildren();
  tell("");
  button.disabled = true;
  dialog.showModal();
  await telling(async () => {
    state.offers = await available(project, sessions);
    chooser.append(...state.offers.map((offer, n) => new Option(offer["wrapper-label"] || offer["command-label"] || offer["wrapper-name"], n)));
    chooser.disabled = !state.offers.length;
    if (state.offers.length) await choose();
    else tell(`No command is enabled in ${project} for this type of session. Enable one: sarcoma xnat install --project ${project}`);
  });
}

// What is enabled for the type of every session.
async function available(project, sessions) {
  const types = [...new Set(sessions.map((session) => session.type))];
  const lists = await Promise.all(
    types.map((type) => json(`${at("xapi", "projects", project, "commands", "available")}?xsiType=${encodeURIComponent(type)}`)),
  );
  const everywhere = (offer) => lists.every((list) => list.some((one) => one["wrapper-id"] === offer["wrapper-id"]));
  return lists[0].filter((offer) => offer.enabled !== false && everywhere(offer));
}

const chosen = () => state.offers[Number(chooser.value)];
const wrapper = (offer) => at("xapi", "projects", state.project, "wrappers", offer["wrapper-id"], "root", offer["root-element-name"]);

async function choose() {
  const mine = ++turn;
  const offer = chosen();
  find("#command-help").textContent = offer["wrapper-description"] || offer["command-description"] || "";
  button.disabled = true;
  tell("");
  // A bulk launch has one form for all: that of its first session.
  const root = `${encodeURIComponent(offer["root-element-name"])}=${encodeURIComponent(state.sessions[0].uri)}`;
  const [launch, command] = await Promise.all([
    json(`${wrapper(offer)}/launch?${root}`),
    json(at("xapi", "commands", offer["command-id"])).catch(() => null),
  ]);
  if (mine !== turn) return;
  showFields(find("#fields"), launch, command, offer["root-element-name"]);
  button.disabled = false;
}

async function launch() {
  const offer = chosen();
  const root = offer["root-element-name"];
  const values = read(find("#fields"));
  const uris = state.sessions.map((session) => session.uri);
  const bulk = uris.length > 1;
  const body = { ...values, [root]: bulk ? JSON.stringify(uris) : uris[0] };
  const answer = await (await post(`${wrapper(offer)}/${bulk ? "bulklaunch" : "launch"}`, body)).json();
  const failures = answer.failures ?? (answer.status === "failure" ? [answer] : []);
  if (failures.length) throw new Error(failures.map((failure) => failure.message).join("\n"));
  dialog.close();
  const name = chooser.selectedOptions[0].textContent;
  dialog.dispatchEvent(new CustomEvent("launched", { detail: `Queued: ${name} on ${find("#launch-on").textContent}.` }));
}

function tell(message) {
  const place = find("#launch-error");
  place.textContent = message;
  place.hidden = !message;
}

async function telling(work) {
  try {
    await work();
  } catch (error) {
    tell(error.message);
  }
}

chooser.addEventListener("change", () => telling(choose));
find("#launch-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (button.disabled || !check(find("#fields"))) return;
  button.disabled = true; // one press, one launch
  await telling(launch);
  button.disabled = false;
});
