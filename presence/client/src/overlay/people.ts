/** Groups sessions into people. Pure. */
import { AWAY, IDLE, type Color } from "../protocol/messages.js";
import { letters } from "../protocol/names.js";
import type { Member } from "../protocol/roster.js";

/** One person: all sessions with the same name and colour, as the tabs of one person have. */
export interface Person {
  readonly name: string;
  readonly color: Color;
  readonly avatar?: string | undefined;
  /** Whether this is the page's own visitor. */
  own: boolean;
  /** The session whose cursor is visible; undefined if none is. */
  pointing: number | undefined;
  /** Whether every session is away or idle. */
  away: boolean;
}

export type Own = Pick<Person, "name" | "color" | "avatar">;

/** People by a key, in the order in which they joined; first the page's visitor, if they have a name. */
export function groupPeople(members: readonly Member[], own: Own | undefined): Map<string, Person> {
  const people = new Map<string, Person>();
  const personOf = ({ name, color, avatar }: Own, isOwn: boolean) => {
    const key = `${color} ${name}`;
    const person = people.get(key) ?? { name, color, avatar, own: isOwn, pointing: undefined, away: !isOwn };
    people.set(key, person);
    return person;
  };
  if (own?.name) personOf(own, true);
  for (const member of members) {
    const person = personOf(member, false);
    if (member.position) person.pointing ??= member.user;
    person.away &&= member.state === AWAY || member.state === IDLE;
  }
  return people;
}

/** The first letters of a name's first and last word: "AL" for Ada King Lovelace. */
export function initials(name: string): string {
  const words = name.split(" ").filter((word) => /^\P{P}/u.test(word));
  const [first = name, ...rest] = words;
  return [first, ...rest.slice(-1)].map((word) => letters(word)[0] ?? "").join("").toUpperCase();
}
