// A form made of a tool's JSON schema. Its result is JSON text, in which numbers stand as they were typed.

import { make, setText, withCode } from "./dom.js";

let last = 0;

// A form for `schema`. `json()` gives the arguments, or throws an error that says which field is wrong.
export function formOf(schema) {
  const properties = isObject(schema.properties) ? Object.entries(schema.properties) : [];
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  const ordered = [...properties].sort(([one], [other]) => Number(required.has(other)) - Number(required.has(one)));
  const fields = ordered.map(([name, property]) => field(name, resolved(property, schema), required.has(name)));
  const byHand = make("textarea", { class: "code", rows: 8, spellcheck: "false", "aria-label": "Arguments as JSON" });
  const open = schema.additionalProperties !== false && properties.length === 0 && schema.type === "object" && !isEmpty(schema);
  let isByHand = open;
  const shown = make("div", { class: "fields" });
  const toggle = make("button", { type: "button", class: "quiet", onclick: () => change(!isByHand) });

  function change(next) {
    if (next && !isByHand) {
      try {
        byHand.value = pretty(collected());
      } catch {
        byHand.value = "{}";
      }
    }
    isByHand = next;
    setText(toggle, isByHand ? "Use the form" : "Write JSON instead");
    toggle.hidden = fields.length === 0;
    if (isByHand) shown.replaceChildren(byHand);
    else if (fields.length > 0) shown.replaceChildren(...fields.map(({ element }) => element));
    else shown.replaceChildren(make("p", { class: "muted", text: "This tool takes no arguments." }));
  }

  function collected() {
    const members = [];
    for (const { name, value } of fields) {
      const json = value();
      if (json !== undefined) members.push(`${JSON.stringify(name)}:${json}`);
    }
    return `{${members.join(",")}}`;
  }

  change(isByHand);
  if (open) byHand.value = "{}";
  return {
    element: make("div", {}, shown, toggle),
    json() {
      if (!isByHand) return collected();
      try {
        JSON.parse(byHand.value);
      } catch (error) {
        byHand.focus();
        throw new Error(`The arguments are no JSON: ${error.message}`);
      }
      return byHand.value;
    },
  };
}

function isEmpty(schema) {
  return isObject(schema.properties) && Object.keys(schema.properties).length === 0;
}

function isObject(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

// A property with what its `$ref` points to within the schema. A schema may lead back to itself: `left` steps are followed.
function resolved(property, schema, left = 8) {
  const found = isObject(property) ? property : {};
  if (left === 0) return found;
  if (typeof found.$ref === "string" && found.$ref.startsWith("#/")) {
    let at = schema;
    for (const part of found.$ref.slice(2).split("/")) {
      const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
      at = isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined;
    }
    const { $ref, ...own } = found;
    return resolved(isObject(at) ? { ...at, ...own } : own, schema, left - 1);
  }
  // A choice between something and nothing is that something.
  const choices = found.anyOf ?? found.oneOf;
  if (Array.isArray(choices)) {
    const some = choices.filter((choice) => isObject(choice) && choice.type !== "null");
    if (some.length === 1) {
      const { anyOf, oneOf, ...own } = found;
      return resolved({ ...some[0], ...own }, schema, left - 1);
    }
  }
  return found;
}

function typeOf(property) {
  const types = [property.type].flat().filter((type) => type && type !== "null");
  return types.length === 1 ? types[0] : undefined;
}

function field(name, property, isRequired) {
  const id = `field-${(last += 1)}`;
  const hint = hints(property);
  const about = [typeof property.description === "string" ? property.description : "", hint].filter(Boolean);
  const input = inputFor(name, property, isRequired);
  input.element.id = id;
  if (about.length > 0) input.element.setAttribute("aria-describedby", `${id}-about`);
  const mark = isRequired ? make("span", { class: "required", text: "required" }) : null;
  const element = make("div", { class: `field ${input.isWide ? "wide" : ""}` },
    make("label", { for: id }, make("code", { text: name }), mark),
    input.element,
    about.length > 0 && withCode(make("p", { class: "hint", id: `${id}-about` }), about.join(" \u00b7 ")));
  return { name, element, value: input.value };
}

function hints(property) {
  const parts = [];
  const { minimum, maximum, minLength, maxLength, minItems, maxItems, format, pattern } = property;
  const range = (least, most, unit) => {
    if (least !== undefined && most !== undefined) parts.push(`${least} to ${most}${unit}`);
    else if (most !== undefined) parts.push(`at most ${most}${unit}`);
    else if (least !== undefined && least > 0) parts.push(`at least ${least}${unit}`);
  };
  range(minimum, maximum, "");
  range(minLength, maxLength, " characters");
  range(minItems, maxItems, " items");
  if (typeof format === "string") parts.push(`as ${format}`);
  if (typeof pattern === "string") parts.push(`matches ${pattern}`);
  if (property.default !== undefined && typeof property.default !== "object") parts.push(`without it: ${property.default}`);
  return parts.join(", ");
}

function wrong(element, message) {
  element.focus();
  return new Error(message);
}

function inputFor(name, property, isRequired) {
  const type = typeOf(property);
  const example = Array.isArray(property.examples) && property.examples.length > 0 ? property.examples[0] : undefined;
  const placeholder = example !== undefined ? (typeof example === "string" ? example : JSON.stringify(example)) : undefined;
  const missing = `\`${name}\` is required.`;
  if (Array.isArray(property.enum) || property.const !== undefined) {
    const values = property.enum ?? [property.const];
    const options = values.map((value, at) => make("option", { value: String(at), text: typeof value === "string" ? value : JSON.stringify(value) }));
    const element = make("select", {}, ...(isRequired && values.length > 0 ? [] : [make("option", { value: "", text: "not given" })]), ...options);
    return { element, value: () => (element.value === "" ? undefined : JSON.stringify(values[Number(element.value)])) };
  }
  if (type === "boolean") {
    const options = [...(isRequired ? [] : ["not given"]), "true", "false"];
    const element = make("select", {}, ...options.map((text) => make("option", { value: text, text })));
    return { element, value: () => (element.value === "not given" ? undefined : element.value) };
  }
  if (type === "integer" || type === "number") {
    const element = make("input", { type: "text", inputmode: "decimal", autocomplete: "off", placeholder });
    return {
      element,
      value() {
        const text = element.value.trim();
        if (text === "" && !isRequired) return undefined;
        if (text === "") throw wrong(element, missing);
        if (!/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text)) throw wrong(element, `\`${name}\` takes a number, as in 12${type === "number" ? " or 0.5" : ""}.`);
        return text;
      },
    };
  }
  if (type === "string") {
    const isLong = !(property.maxLength <= 200) && !property.format;
    const element = isLong
      ? make("textarea", { rows: 1, spellcheck: "false", placeholder, class: "grows" })
      : make("input", { type: "text", autocomplete: "off", spellcheck: "false", placeholder });
    return {
      element,
      isWide: isLong,
      value() {
        if (element.value === "" && !isRequired) return undefined;
        if (element.value === "" && property.minLength > 0) throw wrong(element, missing);
        return JSON.stringify(element.value);
      },
    };
  }
  const items = isObject(property.items) ? typeOf(property.items) : undefined;
  if (type === "array" && items === "string" && !property.items.enum) {
    const element = make("textarea", { rows: 2, spellcheck: "false", placeholder: "one item a line" });
    return {
      element,
      isWide: true,
      value() {
        const lines = element.value.split("\n").filter((line) => line !== "");
        if (lines.length === 0 && !isRequired) return undefined;
        return JSON.stringify(lines);
      },
    };
  }
  const element = make("textarea", { class: "code", rows: 2, spellcheck: "false", placeholder: placeholder ?? (type === "array" ? "[]" : type === "object" ? "{}" : "JSON") });
  return {
    element,
    isWide: true,
    value() {
      const text = element.value.trim();
      if (text === "" && !isRequired) return undefined;
      try {
        JSON.parse(text);
      } catch {
        throw wrong(element, text === "" ? missing : `\`${name}\` takes JSON${type ? ` (${type})` : ""}; a text stands in quotes.`);
      }
      return text;
    },
  };
}

export function pretty(json) {
  return JSON.stringify(JSON.parse(json), null, 2);
}
