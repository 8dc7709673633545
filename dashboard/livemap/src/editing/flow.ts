// Follows each drawing from hand to answer: sent one at a time, kept, or refused and not lost. Pure.

import { type Drawing, type LonLat, type Message, message, rebased } from "./wire.ts";

export interface Ghost {
  drawing: Drawing;
  /** How it looked. */
  lines: LonLat[][];
  text: string;
}

export interface Sent {
  drawing: Drawing;
  lines: LonLat[][];
}

export type Answer = "none" | "kept" | "refused";

export class Flow {
  seq: number;
  pending: (Sent & { seq: number; sentMs: number }) | null = null;
  ghost: Ghost | null = null;
  readonly waiting: Sent[] = [];
  private readonly send: (message: Message) => void;

  constructor(answered: number, send: (message: Message) => void) {
    this.seq = answered;
    this.send = send;
  }

  /** Sends a drawing, or lets it wait for the one that is under way. */
  submit(sent: Sent, rev: string, nowMs: number): void {
    this.ghost = null;
    if (this.pending) {
      this.waiting.push(sent);
      return;
    }
    this.seq += 1;
    this.pending = { ...sent, seq: this.seq, sentMs: nowMs };
    this.send(message(sent.drawing, this.seq, rev));
  }

  /** What a scene says of the drawing under way. */
  answer(answered: number, refused: { seq: number; text: string } | null): Answer {
    const { pending } = this;
    this.seq = Math.max(this.seq, answered);
    if (!pending || answered < pending.seq) return "none";
    this.pending = null;
    if (refused?.seq !== pending.seq) return "kept";
    this.refuse(pending, refused.text);
    return "refused";
  }

  /** Sends what waited, its vertices found again among those that are there now. */
  next(
    find: (at: LonLat) => number | null,
    codes: ReadonlySet<string>,
    rev: string,
    nowMs: number,
    changed: string,
  ): void {
    const sent = this.waiting.shift();
    if (!sent) return;
    const drawing = rebased(sent.drawing, find, codes);
    if (drawing) this.submit({ ...sent, drawing }, rev, nowMs);
    else this.refuse(sent, changed);
  }

  /** Gives up waiting for an answer; answers whether it did. */
  expire(limitMs: number, nowMs: number, text: string): boolean {
    if (!this.pending || nowMs - this.pending.sentMs < limitMs) return false;
    const { pending } = this;
    this.pending = null;
    this.refuse(pending, text);
    return true;
  }

  refuse(sent: Sent, text: string): void {
    this.waiting.length = 0; // they were drawn on what is not so
    this.ghost = isDrawn(sent.drawing) ? { ...sent, text } : { drawing: sent.drawing, lines: [], text };
  }

  /** Lets the refused drawing go, and gives it. */
  discard(): Ghost | null {
    const { ghost } = this;
    this.ghost = null;
    return ghost;
  }
}

const isDrawn = (drawing: Drawing): boolean => drawing.op !== "undo" && drawing.op !== "redo";
