package telemetry

import (
	"fmt"
	"io"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// NewLogger writes one JSON object a line to w, from the level (debug, info, warn, error) upwards. It is safe for
// concurrent use; w needs no lock of its own.
func NewLogger(w io.Writer, level string) (*zap.Logger, error) {
	at, err := zapcore.ParseLevel(level)
	if err != nil {
		return nil, fmt.Errorf("reading the log level: %q is none of debug, info, warn, error", level)
	}
	keys := zap.NewProductionEncoderConfig()
	keys.TimeKey, keys.EncodeTime = "ts", zapcore.RFC3339NanoTimeEncoder
	keys.EncodeDuration = zapcore.SecondsDurationEncoder
	core := zapcore.NewCore(zapcore.NewJSONEncoder(keys), zapcore.Lock(zapcore.AddSync(w)), at)
	return zap.New(core, zap.ErrorOutput(zapcore.Lock(zapcore.AddSync(w)))), nil
}
