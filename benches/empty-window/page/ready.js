// Two frames have been shown: what anybody would call open.
requestAnimationFrame(() =>
  requestAnimationFrame(() => {
    performance.mark("ready");
    document.documentElement.dataset.ready = "1";
  }),
);
