/**
 * Where the lab listens, unless it is told otherwise.
 *
 * @module
 */

/** The one address that is listened to: this machine's own. */
export const LAB_ADDRESS = "127.0.0.1";
/** The port, unless another one is asked for, or this one is taken. */
export const LAB_PORT = 7460;
