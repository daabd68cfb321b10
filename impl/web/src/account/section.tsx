import type { components } from "planoauth";
import type { ComponentChildren } from "preact";
import type { Answer } from "../api";
import { forgotPage } from "../ui/signed-in";
import { text } from "../ui/texts";

export type User = components["schemas"]["User"];

/** What a section needs to know, and how it tells of a change. */
export interface SectionProps {
  user: User;
  changed(user: User): void;
}

interface FrameProps {
  id: string;
  title: string;
  /** Shown at the right of the heading. */
  badge?: ComponentChildren;
  /** What was done; screen readers hear it. */
  said?: string | null;
  children: ComponentChildren;
}

/** A part of the page that saves by itself. */
export function Section({ id, title, badge, said, children }: FrameProps) {
  return (
    <section class="card stack" id={id} aria-labelledby={`${id}-title`}>
      <div>
        <div class="row apart">
          <h2 id={`${id}-title`} tabIndex={-1}>
            {title}
          </h2>
          {badge}
        </div>
        <div role="status" class="said">
          {said && <p class="notice good">{said}</p>}
        </div>
      </div>
      {children}
    </section>
  );
}

/** Leads somebody who does not know the current password to a new one, after a refusal of the one that was typed. */
export function forgotten(answer: Answer, user: User) {
  if (answer === "unreachable" || answer.status !== "invalid-password") return null;
  return <a href={forgotPage(user.email!)}>{text.forgotten}</a>;
}

/** Moves the focus to the heading of a section, where the button that had it is gone. */
export function focusSection(id: string) {
  document.getElementById(`${id}-title`)?.focus();
}
