import type { ComponentChildren } from "preact";

/** What is known of something: labels and values. A value of undefined has no row; null and "" show a dash. */
export function Detail({ items }: { items: [label: string, value: ComponentChildren][] }) {
  return (
    <dl class="detail">
      {items.map(
        ([label, value]) =>
          value !== undefined && (
            <div key={label}>
              <dt>{label}</dt>
              <dd>{value === null || value === "" ? <span class="quiet">–</span> : value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}
