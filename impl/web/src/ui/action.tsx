import type { ButtonHTMLAttributes } from "preact";
import { useState } from "preact/hooks";

interface ActionProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "onClick" | "type"> {
  /** What the button does. Until that is done, further clicks do nothing. */
  run(): Promise<unknown>;
}

/** A button outside forms. */
export function Action({ run, class: kind = "button plain", children, ...button }: ActionProps) {
  const [busy, setBusy] = useState(false);

  async function click() {
    if (busy) return;
    setBusy(true);
    try {
      await run();
    } finally {
      setBusy(false);
    }
  }

  return (
    <button type="button" class={kind} {...button} aria-disabled={busy} onClick={click}>
      {children}
    </button>
  );
}
