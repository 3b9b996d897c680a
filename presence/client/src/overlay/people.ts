/** The people on a board, as their sessions show them. Pure. */
import { AWAY, IDLE, type Color } from "../protocol/protocol.js";
import type { Member } from "../protocol/roster.js";

/** Someone here: all sessions that share a name and a colour, which tabs of one person do. */
export interface Person {
  readonly name: string;
  readonly color: Color;
  /** This page's own visitor. */
  own: boolean;
  /** The session whose cursor is to be seen; undefined where none of theirs is. */
  pointing: number | undefined;
  /** None of their sessions is looked at. */
  away: boolean;
}

export interface Own {
  readonly name: string;
  readonly color: Color;
}

/** People by what tells them apart, in the order in which they came; this page's visitor first, if they have a name. */
export function groupPeople(members: readonly Member[], own: Own | undefined): Map<string, Person> {
  const people = new Map<string, Person>();
  const join = ({ name, color }: Own, one: boolean) => {
    const key = `${color} ${name}`;
    const person = people.get(key) ?? { name, color, own: one, pointing: undefined, away: !one };
    people.set(key, person);
    return person;
  };
  if (own?.name) join(own, true);
  for (const member of members) {
    const person = join(member, false);
    if (member.position) person.pointing ??= member.user;
    person.away &&= member.state === AWAY || member.state === IDLE;
  }
  return people;
}

/** One or two letters for a name: of its first and its last word, "AL" for Ada King Lovelace. */
export function initials(name: string): string {
  const words = name.split(" ").filter((word) => /^\P{P}/u.test(word));
  const [first = name, ...rest] = words;
  return [first, ...rest.slice(-1)].map(letter).join("").toUpperCase();
}

/** The first thing a reader takes for a letter, which may be many code points. */
function letter(word: string): string {
  const parts = Intl.Segmenter ? [...new Intl.Segmenter().segment(word)].map(({ segment }) => segment) : [...word];
  return parts[0] ?? "";
}
