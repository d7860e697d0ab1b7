/** Something else that is needed does not answer: nothing is wrong with the work, which is tried again without end. */
export class Away extends Error {}
