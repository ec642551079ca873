package stdio

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// MaxFrame is the largest frame, in bytes, in either direction.
const MaxFrame = 64 << 20

// ErrFrameTooLarge tells of a frame that was announced longer than MaxFrame; its body has been skipped.
var ErrFrameTooLarge = errors.New("frame longer than 64 MiB")

// ReadFrame returns the next frame's body, io.EOF at a clean end.
func ReadFrame(r *bufio.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	size := int64(binary.BigEndian.Uint32(head[:]))
	if size > MaxFrame {
		return nil, errors.Join(ErrFrameTooLarge, skip(r, size))
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(r, body); err != nil {
		return nil, err
	}
	return body, nil
}

func skip(r io.Reader, size int64) error {
	_, err := io.CopyN(io.Discard, r, size)
	return err
}

// WriteFrame writes one message; one that is too long is replaced by what tooLarge makes of its size.
func WriteFrame(w *bufio.Writer, message any, tooLarge func(size int) any) error {
	body, err := json.Marshal(message)
	if err != nil {
		return fmt.Errorf("message cannot be written as JSON: %w", err)
	}
	if len(body) > MaxFrame {
		if body, err = json.Marshal(tooLarge(len(body))); err != nil {
			return err
		}
	}
	var head [4]byte
	binary.BigEndian.PutUint32(head[:], uint32(len(body)))
	if _, err := w.Write(head[:]); err != nil {
		return err
	}
	if _, err := w.Write(body); err != nil {
		return err
	}
	return w.Flush()
}
