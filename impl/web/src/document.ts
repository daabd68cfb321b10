/** What the server has put into the document for its script: the Go types Data and Application of package web. */
export interface DocumentData {
  language: Language;
  application: Application;
  /** Whether people can sign in with Google. */
  google: boolean;
  /** The path of the development mailbox; absent where mails are really sent. */
  mailbox?: string;
  /** What the server says to this page alone. */
  page?: unknown;
}

export type Language = "en" | "es";

/** The application whose name and colors the page wears. */
export interface Application {
  slug: string;
  name: string;
  url?: string;
  logo?: string;
  support_url?: string;
  /** Whether clients may sign in to it, and so whether people can register for it. */
  admits_clients: boolean;
}

export const data = JSON.parse(document.getElementById("data")!.textContent!) as DocumentData;

/** Returns the texts, each looked up in the language that the document has then. The types make both languages complete. */
export function translate<Texts extends object>(texts: { en: Texts; es: NoInfer<Texts> }): Texts {
  return new Proxy(texts.en, { get: (_, name) => texts[data.language][name as keyof Texts] });
}

/** The language that the document is not in. */
export function otherLanguage(): Language {
  return data.language === "en" ? "es" : "en";
}

/** Changes the language of the document. Whoever calls it draws the page anew. */
export function changeLanguage() {
  data.language = document.documentElement.lang = otherLanguage();
}

/** Formats the day of a time of the server for people. */
export function formatDay(time: string): string {
  return new Date(time).toLocaleDateString(data.language, { dateStyle: "medium" });
}

/** Formats a time of the server for people. */
export function formatTime(time: string): string {
  return new Date(time).toLocaleString(data.language, { dateStyle: "medium", timeStyle: "short" });
}
