"""Prints the features that `host/train/tests/data_features.rs` compares with, as numpy computes them.

Usage: pip install numpy==2.4.6; python3 tools/oracle/features.py
"""

import numpy as np

RATE = 16000


def signal():
    n = np.arange(RATE)
    tones = 0.5 * np.sin(2 * np.pi * 440 * n / RATE) + 0.25 * np.sin(2 * np.pi * 2500 * n / RATE)
    return (tones * (1 - n / 2 / RATE)).astype(np.float32).astype(np.float64)


def spectra(x, frame, stride):
    count = (len(x) - frame) // stride + 1
    frames = np.stack([x[i * stride : i * stride + frame] for i in range(count)])
    window = np.hanning(frame + 1)[:-1]
    return np.abs(np.fft.rfft(frames * window, 1 << (frame - 1).bit_length(), axis=1))


def triangles(points, at, height):
    rows = [np.interp(at, points[m : m + 3], [0, 1, 0], 0, 0) for m in range(len(points) - 2)]
    return np.stack(rows) * height[:, None]


def htk(bins, low, high, size):
    mel = lambda f: 2595 * np.log10(1 + f / 700)
    points = np.linspace(mel(low), mel(high), bins + 2)
    weights = triangles(points, mel(np.arange(size // 2 + 1) * RATE / size), np.ones(bins))
    weights[:, 0] = 0
    return weights


def slaney(bins, low, high, size):
    step = np.log(6.4) / 27
    mel = lambda f: f * 3 / 200 if f < 1000 else 15 + np.log(f / 1000) / step
    hertz = lambda m: m * 200 / 3 if m < 15 else 1000 * np.exp(step * (m - 15))
    points = np.array([hertz(m) for m in np.linspace(mel(low), mel(high), bins + 2)])
    return triangles(points, np.arange(size // 2 + 1) * RATE / size, 2 / (points[2:] - points[:-2]))


def show(name, values):
    print(name, ", ".join(f"{value:.4f}" for value in values))


def main():
    magnitudes = spectra(signal(), 480, 320)
    bands = np.log(magnitudes @ htk(40, 20, 4000, 512).T + 1e-6)
    angles = np.pi * np.arange(10)[:, None] * (2 * np.arange(40) + 1) / 80
    mfcc = bands @ (np.sqrt(2 / 40) * np.cos(angles)).T
    show("mfcc, first frame:", mfcc[0])
    show("mfcc, last frame:", mfcc[-1])
    squares = spectra(signal(), 400, 160) ** 2
    bands = np.log(squares @ slaney(20, 0, 8000, 512).T + 1e-6)
    show("slaney, first frame:", bands[0])


if __name__ == "__main__":
    main()
