"""The engine: timers, ticks, its watch over itself."""
