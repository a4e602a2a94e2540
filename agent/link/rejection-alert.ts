/** Alert that the server rejects this device's certificate. The alert waits in the store until the server accepts the device again. */
export interface RejectionAlert {
  /** Raises one alert for each period in which the server rejects this device's certificate. */
  rejected(detail: string): void;
  /** Notes that the server has accepted this device's certificate, so that the next rejection raises a new alert. */
  accepted(): void;
}

export function createRejectionAlert(raise: (detail: string) => void): RejectionAlert {
  let isRaised = false;
  return {
    rejected(detail) {
      if (isRaised) return;
      isRaised = true;
      raise(detail);
    },
    accepted() {
      isRaised = false;
    },
  };
}
