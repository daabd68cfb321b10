import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { data } from "../document";
import { text } from "./texts";

let arrived = false; // whether the page has shown a card before

interface SingleCardProps {
  title: string;
  /** Whether the page must last, since loading it again loses what it knows. Then it offers no other language. */
  lasting?: boolean;
  children: ComponentChildren;
}

/** A page with one card, under the name of the application that it is for. */
export function SingleCard({ title, lasting = false, children }: SingleCardProps) {
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
      <Footer lasting={lasting} />
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
export function Footer({ lasting = false }: { lasting?: boolean }) {
  const other = new URL(location.href);
  other.searchParams.set("lang", data.language === "en" ? "es" : "en");
  return (
    <footer class="links">
      {data.application?.support_url && (
        <a href={data.application.support_url} rel="noreferrer">
          {text.help}
        </a>
      )}
      {!lasting && (
        <a href={other.href} lang={data.language === "en" ? "es" : "en"}>
          {text.language}
        </a>
      )}
      {data.mailbox && <a href={data.mailbox}>{data.mailbox}</a>}
    </footer>
  );
}
