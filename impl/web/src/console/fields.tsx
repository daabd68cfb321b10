import type { ComponentChildren, InputHTMLAttributes, SelectHTMLAttributes } from "preact";
import { Labels, Notes, useField } from "../ui/form";

interface ChoiceProps extends Omit<SelectHTMLAttributes<HTMLSelectElement>, "label"> {
  name: string;
  param?: string;
  label: string;
  hint?: ComponentChildren;
  /** The labels by the values. */
  options: Record<string, string>;
}

/** A labelled choice of one of a few values. */
export function Choice({ name, param = name, label, hint, options, value, ...select }: ChoiceProps) {
  const { id, error, attributes } = useField(param, Boolean(hint));
  return (
    <div class="field">
      <Labels id={id} label={label} hint={hint} error={error} />
      <select name={name} {...select} {...attributes}>
        {Object.entries(options).map(([option, label]) => (
          <option key={option} value={option} selected={option === value}>
            {label}
          </option>
        ))}
      </select>
    </div>
  );
}

interface CheckProps extends Omit<InputHTMLAttributes<HTMLInputElement>, "label"> {
  name: string;
  label: string;
  hint?: ComponentChildren;
}

/** A box to check. A form has "on" under its name where it is checked, and nothing where not. */
export function Check({ name, label, hint, ...input }: CheckProps) {
  const { id, error, attributes } = useField(name, Boolean(hint));
  return (
    <div class="field">
      <div class="check">
        <input type="checkbox" name={name} {...input} {...attributes} />
        <label for={id}>{label}</label>
      </div>
      {hint && (
        <span class="hint indented" id={`${id}-hint`}>
          {hint}
        </span>
      )}
      {error && (
        <span class="error indented" id={`${id}-error`}>
          {error}
        </span>
      )}
    </div>
  );
}

interface KindsProps<Kind extends string> {
  param: string;
  label: string;
  /** The labels by the values. */
  options: Record<Kind, string>;
  /** A value that cannot be taken away, and why. */
  always?: Kind | undefined;
  why?: string;
  value: Kind[];
  onChange(kinds: Kind[]): void;
}

/** Boxes for several values at once. */
export function Kinds<Kind extends string>({ param, label, options, always, why, value, onChange }: KindsProps<Kind>) {
  const { id, error, attributes } = useField(param, Boolean(always));
  return (
    <fieldset class="field" aria-describedby={attributes["aria-describedby"]}>
      <legend>{label}</legend>
      <Notes id={id} hint={always && why} error={error} />
      <div class="checks">
        {(Object.keys(options) as Kind[]).map((kind) => (
          <label key={kind} class="check">
            <input
              type="checkbox"
              checked={value.includes(kind)}
              disabled={kind === always}
              aria-invalid={attributes["aria-invalid"]}
              onChange={(event) => onChange(event.currentTarget.checked ? [...value, kind].sort() : value.filter((other) => other !== kind))}
            />
            {options[kind]}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
