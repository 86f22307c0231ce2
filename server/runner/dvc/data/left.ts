/** Something of the project is not for us to look at. */
export class LeftToDvc extends Error {}

/** A name that leads nowhere. */
export class NotThere extends LeftToDvc {}
