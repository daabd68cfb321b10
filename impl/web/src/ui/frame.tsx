import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { data, otherLanguage } from "../document";
import { text } from "./texts";

let arrived = false; // whether the page has shown a card before

interface SingleCardProps {
  title: string;
  /** Draws the page in the other language, where loading it again would lose what it knows. */
  redraw?: (() => void) | undefined;
  children: ComponentChildren;
}

/** A page with one card, under the name of the application that it is for. */
export function SingleCard({ title, redraw, children }: SingleCardProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => void (document.title = `${title} · ${data.application.name}`), [title]);
  useEffect(() => {
    if (arrived) heading.current?.focus(); // a new step on the same page is announced
    arrived = true;
  }, [title]);
  return (
    <div class="single">
      <header class="brand">
        <Brand />
      </header>
      <main class="card stack">
        <h1 tabIndex={-1} ref={heading}>
          {title}
        </h1>
        {children}
      </main>
      <Footer redraw={redraw} />
    </div>
  );
}

/** The logo and the name of the application. */
export function Brand() {
  const { logo, name } = data.application;
  return (
    <>
      {logo && <img src={logo} alt="" />}
      <span>{name}</span>
    </>
  );
}

/** Links below the page: help, the other language, and the mailbox where mails are not really sent. */
export function Footer({ redraw }: Pick<SingleCardProps, "redraw">) {
  const language = otherLanguage();
  const other = new URL(location.href);
  other.searchParams.set("lang", language);
  return (
    <footer class="links">
      {data.application.support_url && (
        <a href={data.application.support_url} rel="noreferrer">
          {text.help}
        </a>
      )}
      {redraw ? (
        <button type="button" class="text-button" lang={language} onClick={redraw}>
          {text.language}
        </button>
      ) : (
        <a href={other.href} lang={language}>
          {text.language}
        </a>
      )}
      {data.mailbox && <a href={data.mailbox}>{data.mailbox}</a>}
    </footer>
  );
}
