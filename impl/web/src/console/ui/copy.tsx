import { useRef, useState } from "preact/hooks";
import { text } from "../texts";

/** A text to copy, such as a request id. */
export function Copy({ value, label, block = false }: { value: string; label: string; block?: boolean }) {
  const [copied, setCopied] = useState(false);
  const code = useRef<HTMLElement>(null);

  async function copy() {
    try {
      await navigator.clipboard.writeText(value);
      setCopied(true);
      setTimeout(() => setCopied(false), 2000);
    } catch {
      getSelection()?.selectAllChildren(code.current!); // the browser does not allow it, so the person copies by hand
    }
  }

  return (
    <span class={block ? "copy block" : "copy"}>
      <code ref={code}>
        {value.split(/(?=[?&])/).map((part) => (
          <span key={part} class="part">
            {part}
          </span>
        ))}
      </code>
      <button type="button" class="icon-button" aria-label={`${text.copy}: ${label}`} title={text.copy} onClick={copy}>
        {copied ? <span class="small">{text.copied}</span> : <CopyIcon />}
      </button>
      <span class="visually-hidden" role="status">
        {copied ? text.copied : ""}
      </span>
    </span>
  );
}

function CopyIcon() {
  return (
    <svg viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor" stroke-width="1.5" aria-hidden="true">
      <rect x="5.5" y="5.5" width="8" height="8" rx="1.5" />
      <path d="M10.5 5.5V4A1.5 1.5 0 0 0 9 2.5H4A1.5 1.5 0 0 0 2.5 4v5A1.5 1.5 0 0 0 4 10.5h1.5" />
    </svg>
  );
}
