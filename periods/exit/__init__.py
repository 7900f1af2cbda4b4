"""Exit criteria and the statistics behind them."""
