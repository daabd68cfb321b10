import { data, formatTime } from "../../document";

const relative = new Intl.RelativeTimeFormat(data.language, { numeric: "auto" });
const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 365 * 86400],
  ["month", 30 * 86400],
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
];

/** Says how long ago a time is, or how far ahead. */
function ago(time: string): string {
  const seconds = (Date.parse(time) - Date.now()) / 1000;
  const [unit, size] = units.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
  return relative.format(Math.abs(seconds) < 60 ? 0 : Math.round(seconds / size), Math.abs(seconds) < 60 ? "second" : unit);
}

/** A time: how long ago, and exactly where the pointer rests on it. */
export function Time({ time, exact = false }: { time: string | undefined; exact?: boolean }) {
  if (!time) return <span class="quiet">–</span>;
  return (
    <time dateTime={time} title={formatTime(time)}>
      {exact ? formatTime(time) : ago(time)}
    </time>
  );
}
