import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

/** A part of a view, under a heading. Actions stand beside the heading. */
export function Section({ title, hint, actions, danger = false, children }: { title: string; hint?: ComponentChildren; actions?: ComponentChildren; danger?: boolean; children?: ComponentChildren }) {
  const id = useId();
  return (
    <section class={danger ? "panel danger" : "panel"} aria-labelledby={id}>
      <header class="row apart">
        <div>
          <h2 id={id}>{title}</h2>
          {hint && <p class="quiet small">{hint}</p>}
        </div>
        {actions && <div class="row">{actions}</div>}
      </header>
      {children}
    </section>
  );
}
