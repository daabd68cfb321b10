import { translate } from "../document";

const text = translate({
  en: { on: (browser: string, system: string) => `${browser} on ${system}`, unknown: "Unknown device" },
  es: { on: (browser: string, system: string) => `${browser} en ${system}`, unknown: "Dispositivo desconocido" },
});

// The first match counts: most browsers also name those that they descend from.
const browsers: [RegExp, string][] = [
  [/\b(Edg|EdgA|EdgiOS)\//, "Edge"],
  [/\b(OPR|OPiOS)\//, "Opera"],
  [/\bSamsungBrowser\//, "Samsung Internet"],
  [/\b(Firefox|FxiOS)\//, "Firefox"],
  [/\b(Chrome|HeadlessChrome|CriOS|Chromium)\//, "Chrome"],
  [/\bVersion\/\S+ (Mobile\/\S+ )?Safari\//, "Safari"],
];
const systems: [RegExp, string][] = [
  [/\biPhone\b/, "iPhone"],
  [/\biPad\b/, "iPad"],
  [/\bAndroid\b/, "Android"],
  [/\bWindows\b/, "Windows"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bMac OS X\b/, "macOS"],
  [/\bLinux\b/, "Linux"],
];

/** Names a device by its User-Agent header, such as "Firefox on Linux". No other part of the header is shown. */
export function deviceName(userAgent = ""): string {
  const first = (names: [RegExp, string][]) => names.find(([pattern]) => pattern.test(userAgent))?.[1];
  const browser = first(browsers);
  const system = first(systems);
  if (browser && system) return text.on(browser, system);
  return browser ?? system ?? text.unknown;
}
