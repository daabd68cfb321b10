import type { ComponentChildren } from "preact";
import { Load, type Loaded } from "./load";
import { View } from "./ui/view";

interface LoadOneProps<Data> {
  of: Loaded<Data>;
  /** The list that it is one of. */
  back: { href: string; label: string };
  children: (data: Data) => ComponentChildren;
}

/** Shows the view of one thing, or why it could not be loaded: under a heading all the same. */
export function LoadOne<Data>({ of, back, children }: LoadOneProps<Data>) {
  if (!of.refusal) return <Load of={of}>{children}</Load>;
  return (
    <View title={back.label} back={back}>
      <div class="stack">
        <Load of={of}>{() => null}</Load>
      </div>
    </View>
  );
}
