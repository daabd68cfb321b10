import type { ComponentChildren } from "preact";
import { createContext } from "preact";
import { useContext, useEffect, useRef } from "preact/hooks";

interface ViewState {
  /** Sets the title of the view, which the title of the document begins with. */
  setTitle(title: string): void;
  /** Says for a moment what was done. */
  announce(what: string): void;
}

export const ViewContext = createContext<ViewState>({ setTitle() {}, announce() {} });

/** Returns a function that says for a moment what was done, also to people who listen. */
export function useAnnounce() {
  return useContext(ViewContext).announce;
}

let shown = 0; // how many views were shown: the focus goes to the heading of all but the first

interface ViewProps {
  /** The heading. It becomes the title of the document too. */
  title: string;
  /** The list that this is one of. */
  back?: { href: string; label: string };
  /** Below the heading. */
  about?: ComponentChildren;
  /** Beside the heading. */
  actions?: ComponentChildren;
  children: ComponentChildren;
}

/** One view of the console. */
export function View({ title, back, about, actions, children }: ViewProps) {
  const { setTitle } = useContext(ViewContext);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => setTitle(title), [title]);
  useEffect(() => {
    if (shown++ === 0) return;
    scrollTo(0, 0);
    heading.current?.focus({ preventScroll: true });
  }, []);
  return (
    <>
      <header class="view-head">
        <div class="view-title">
          {back && (
            <a class="back" href={back.href}>
              <span aria-hidden="true">←</span> {back.label}
            </a>
          )}
          <h1 tabIndex={-1} ref={heading}>
            {title}
          </h1>
          {about && <div class="about">{about}</div>}
        </div>
        {actions && <div class="row">{actions}</div>}
      </header>
      {children}
    </>
  );
}
