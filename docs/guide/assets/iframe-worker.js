"use strict";

/**
 * The worker of the search, where pages are opened from a folder: browsers start no worker from a file, so it runs in a frame.
 * The theme knows it by its name.
 */
class IFrameWorker extends EventTarget {
  /** @param {string} address - the script of the worker */
  constructor(address) {
    super();
    /** @type {((event: MessageEvent) => void) | null} */
    this.onmessage = null;
    this.frame = document.createElement("iframe");
    this.frame.hidden = true;
    document.body.append(this.frame);
    const inside = /** @type {any} */ (this.frame.contentWindow);
    /** @param {unknown} data */
    inside.postMessage = (data) => {
      const event = new MessageEvent("message", { data });
      this.dispatchEvent(event);
      if (this.onmessage) this.onmessage(event);
    };
    /** @param {string[]} addresses */
    inside.importScripts = (...addresses) =>
      addresses.reduce((before, one) => before.then(() => this.load(one)), Promise.resolve());
    this.ready = this.load(address);
  }

  /**
   * @param {string} address - a script
   * @returns {Promise<void>}
   */
  load(address) {
    const inside = /** @type {Document} */ (this.frame.contentDocument);
    return new Promise((resolve, reject) => {
      const script = inside.createElement("script");
      script.src = address;
      script.onload = () => resolve();
      script.onerror = () => reject(new Error(address));
      inside.body.append(script);
    });
  }

  /** @param {unknown} data */
  postMessage(data) {
    void this.ready.then(() => {
      const inside = /** @type {any} */ (this.frame.contentWindow);
      inside.dispatchEvent(new MessageEvent("message", { data }));
    });
  }

  terminate() {
    this.frame.remove();
  }
}

if (location.protocol === "file:") {
  Object.assign(window, { IFrameWorker, Worker: IFrameWorker });
}
