// The launch form, made from the Container Service's launch JSON (`input-config` and `input-values`).
//
// The launch JSON knows text, boolean, select-one, select-many, static, derived and hidden; that an input is a number
// stands only in the command, so its inputs are asked for it.

import { all, find, make } from "./dom.js";

/** Show the fields of a launch, in place of earlier ones.
 *  @param {HTMLElement} place where they go
 *  @param {object} launch the launch JSON
 *  @param {object} command the command JSON, or null where it may not be read
 *  @param {string} root name of the root element, which the page fills in itself */
export function showFields(place, launch, command, root) {
  const numbers = new Set((command?.inputs ?? []).filter((i) => i.type === "number").map((i) => i.name));
  place.replaceChildren(...fields(launch["input-config"] ?? [], launch["input-values"] ?? [], numbers, root));
}

function fields(configs, trees, numbers, root) {
  return configs.flatMap((config) => {
    const values = trees.find((tree) => tree.name === config.name)?.values ?? [];
    const below = make("div");
    const chosen = (value) =>
      fields(config.children ?? [], values.find((one) => one.value === value)?.children ?? [], numbers, root);
    const field = shown(config, root) ? oneField(config, values, numbers) : null;
    const control = field && find("[name]", field);
    const isSelect = config["input-type"] === "select-one";
    below.replaceChildren(...chosen(isSelect && control ? control.value : values[0]?.value));
    if (isSelect && config.children?.length) {
      control?.addEventListener("change", () => below.replaceChildren(...chosen(control.value)));
    }
    return [...(field ? [field] : []), below];
  });
}

const shown = (config, root) => config.name !== root && config["input-type"] !== "hidden";

function oneField(config, values, numbers) {
  const id = `input-${config.name}`;
  const help = make("p", { class: "help", id: `${id}-help` }, config.description ?? "");
  const name = config.label || config.name;
  // `derived`: in a bulk launch each object has its own, and the service lets nobody choose.
  const given = ["static", "derived"].includes(config["input-type"]) || config["user-settable"] === false;
  if (given) {
    const text = values.map((value) => value.label).join(", ") || "-";
    const several = config["input-type"] === "derived" && values.length > 1 && !config.multiple;
    const note = several ? make("p", { class: "help" }, "Several match, and in bulk none can be chosen: where it is required, such a launch fails.") : null;
    return make("div", { class: "field" }, make("p", { class: "name" }, name), make("p", { class: "given" }, text), note, help);
  }
  const control = controlOf(config, values, numbers.has(config.name));
  Object.assign(control, { id, name: config.name, required: config.required && control.type !== "checkbox" });
  control.setAttribute("aria-describedby", help.id);
  const optional = control.required || control.type === "checkbox" ? null : make("span", { class: "optional" }, " (optional)");
  const label = make("label", { for: id }, name, ...(optional ? [optional] : []));
  return make("div", { class: "field" }, ...(control.type === "checkbox" ? [control, " ", label] : [label, control]), help);
}

function controlOf(config, values, isNumber) {
  const given = values[0]?.value ?? "";
  switch (config["input-type"]) {
    case "boolean":
      return make("input", { type: "checkbox", checked: /^(1|y|yes|true|t)$/i.test(given) });
    case "select-one":
    case "select-many":
      return choices(config, values);
    default:
      return make("input", isNumber ? { type: "number", step: "any", value: given } : { type: "text", value: given });
  }
}

function choices(config, values) {
  const many = config["input-type"] === "select-many";
  const fixed = config["select-values"] ?? [];
  const options = fixed.length ? fixed.map((value) => ({ value, label: value })) : values;
  const select = make("select", { multiple: many });
  const open = !config.required && !many; // nobody has to choose, and nothing is chosen for them, as in XNAT's dialog
  if (open) select.append(new Option(fixed.length ? "" : "Select one", ""));
  const first = open ? [] : [options[0]?.value];
  const defaults = fixed.length ? defaultsOf(values, many) : many ? options.map((one) => one.value) : first;
  for (const { value, label } of options) {
    const on = defaults.includes(value);
    select.append(new Option(label ?? value, value, on, on));
  }
  return select;
}

// The default of a select-many is a JSON list in a string.
function defaultsOf(values, many) {
  const given = values.map((one) => one.value);
  try {
    return many && given.length === 1 ? JSON.parse(given[0]).map(String) : given;
  } catch {
    return given;
  }
}

/** What the form says, as the launch takes it: strings by input name, lists as JSON in a string. */
export function read(place) {
  return Object.fromEntries(all("[name]", place).map((control) => [control.name, valueOf(control)]));
}

function valueOf(control) {
  if (control.type === "checkbox") return String(control.checked);
  if (control.multiple) return JSON.stringify(all("option:checked", control).map((option) => option.value));
  return control.value;
}

/** Mark what is wrong, and focus the first of it; whether all is well. */
export function check(place) {
  all(".wrong", place).forEach((old) => old.remove());
  const wrong = all("[name]", place).filter((control) => {
    const fine = control.checkValidity();
    control.setAttribute("aria-invalid", String(!fine));
    if (!fine) control.after(make("p", { class: "wrong" }, control.validationMessage));
    return !fine;
  });
  wrong[0]?.focus();
  return wrong.length === 0;
}
