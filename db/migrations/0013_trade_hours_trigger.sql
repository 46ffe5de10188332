INSERT INTO trade_hours (hour, symbol, kind, trades, shares, volume_cents)
SELECT at - at % 3600000 AS hour, symbol, kind, count(*), sum(abs(quantity)), sum(abs(quantity) * price_cents)
FROM ledger WHERE symbol IS NOT NULL GROUP BY hour, symbol, kind;
--> statement-breakpoint
CREATE TRIGGER trades_count AFTER INSERT ON ledger WHEN NEW.symbol IS NOT NULL
BEGIN
  INSERT INTO trade_hours (hour, symbol, kind, trades, shares, volume_cents)
  VALUES (NEW.at - NEW.at % 3600000, NEW.symbol, NEW.kind, 1, abs(NEW.quantity), abs(NEW.quantity) * NEW.price_cents)
  ON CONFLICT DO UPDATE SET trades = trades + 1, shares = shares + excluded.shares, volume_cents = volume_cents + excluded.volume_cents;
END;
