import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { data } from "../document";
import { text } from "./texts";

let arrived = false; // whether the page has shown a card before

/** A page with one card, under the name of the application that it is for. */
export function SingleCard({ title, children }: { title: string; children: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · ${data.application?.name ?? "PlanoAuth"}`;
    if (arrived) heading.current?.focus(); // a new step on the same page is announced
    arrived = true;
  }, [title]);
  return (
    <div class="single">
      <Brand />
      <main class="card stack">
        <h1 tabIndex={-1} ref={heading}>
          {title}
        </h1>
        {children}
      </main>
      <Footer />
    </div>
  );
}

function Brand() {
  const { application } = data;
  return (
    <header class="brand">
      {application?.logo && <img src={application.logo} alt="" />}
      <span>{application?.name ?? "PlanoAuth"}</span>
    </header>
  );
}

/** Links below the page: help, the other language, and the mailbox where mails are not really sent. */
export function Footer() {
  const other = new URL(location.href);
  other.searchParams.set("lang", data.language === "en" ? "es" : "en");
  return (
    <footer class="links">
      {data.application?.support_url && (
        <a href={data.application.support_url} rel="noreferrer">
          {text.help}
        </a>
      )}
      <a href={other.href} lang={data.language === "en" ? "es" : "en"}>
        {text.language}
      </a>
      {data.mailbox && <a href={data.mailbox}>{data.mailbox}</a>}
    </footer>
  );
}
