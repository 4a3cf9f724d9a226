// The dialog "Run container": choose a step, fill in its form, launch it on one object or on several.

import { at, json, post } from "./api.js";
import { find } from "./dom.js";
import { check, read, showFields } from "./form.js";

const dialog = find("#launcher");
const chooser = find("#command");
const button = find("#launch");
let state = null; // {project, objects, offers}: what the dialog is open for
let turn = 0; // answers of an earlier choice are dropped

/** Open the dialog.
 *  @param {string} project id of the project
 *  @param {{name, uri, type}[]} objects a project, session or scan; or several sessions for a bulk launch */
export async function open(project, objects) {
  state = { project, objects, offers: [] };
  find("#launch-on").textContent = objects.length === 1 ? objects[0].name : `${objects.length} sessions`;
  chooser.replaceChildren();
  find("#command-help").textContent = "";
  find("#fields").replaceChildren();
  tell("");
  button.disabled = true;
  dialog.showModal();
  await telling(async () => {
    state.offers = await available(project, objects);
    chooser.append(...state.offers.map((offer, n) => new Option(offer["wrapper-label"] || offer["command-label"] || offer["wrapper-name"], n)));
    chooser.disabled = !state.offers.length;
    if (state.offers.length) await choose();
    else tell(`No command is enabled in ${project} for this type of object. Enable one: sarcoma xnat install --project ${project}`);
  });
}

// What is enabled for the type of every object.
async function available(project, objects) {
  const types = [...new Set(objects.map((object) => object.type))];
  const lists = await Promise.all(
    types.map((type) => json(`${at("xapi", "projects", project, "commands", "available")}?xsiType=${encodeURIComponent(type)}`)),
  );
  const everywhere = (offer) => lists.every((list) => list.some((one) => one["wrapper-id"] === offer["wrapper-id"]));
  return lists[0].filter((offer) => offer.enabled !== false && everywhere(offer));
}

const chosen = () => state.offers[Number(chooser.value)];
const wrapper = (offer, ...more) => at("xapi", "projects", state.project, "wrappers", offer["wrapper-id"], ...more);
const isBulk = () => state.objects.length > 1;

// Where the form is. A bulk launch has one for all: resolved on its first object, as a sample.
function formOf(offer) {
  const [name, uri] = [offer["root-element-name"], state.objects[0].uri];
  return isBulk()
    ? `${wrapper(offer, "bulklaunch")}?${new URLSearchParams({ rootElement: name, sampleTarget: uri })}`
    : `${wrapper(offer, "root", name, "launch")}?${new URLSearchParams({ [name]: uri })}`;
}

async function choose() {
  const mine = ++turn;
  const offer = chosen();
  find("#command-help").textContent = offer["wrapper-description"] || offer["command-description"] || "";
  button.disabled = true;
  tell("");
  const [launch, command] = await Promise.all([
    json(formOf(offer)),
    json(at("xapi", "commands", offer["command-id"])).catch(() => null),
  ]).catch((error) => {
    if (mine === turn) find("#fields").replaceChildren(); // those of an earlier choice
    throw error;
  });
  if (mine !== turn) return;
  showFields(find("#fields"), launch, command, offer["root-element-name"]);
  button.disabled = false;
}

async function launch() {
  const offer = chosen();
  const root = offer["root-element-name"];
  const values = read(find("#fields"));
  const uris = state.objects.map((object) => object.uri);
  const body = { ...values, [root]: isBulk() ? JSON.stringify(uris) : uris[0] };
  const answer = await (await post(wrapper(offer, "root", root, isBulk() ? "bulklaunch" : "launch"), body)).json();
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
