/** The command can't be run as it was given; the message says what to change. Exit code 2. */
export class UsageError extends Error {}
