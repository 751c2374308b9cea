package tempera

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	ort "github.com/yalue/onnxruntime_go"

	"bottega/internal/engine/tempera/ortlib"
)

// ONNX Runtime has one environment a process, which its C library keeps in globals; this is the one place that starts
// it, once, with the library of the first caller, whose path it returns. It is never shut down: the worker process ends
// instead. read is told of the library's bytes.
var startRuntime = func() func(library, dir string, read func(n int64)) (string, error) {
	var once sync.Once
	var path string
	var failed error
	return func(library, dir string, read func(n int64)) (string, error) {
		once.Do(func() {
			if failed = silence(); failed != nil {
				return
			}
			path = library
			if path == "" {
				if path, failed = ortlib.Unpack(dir, read); failed != nil {
					return
				}
			}
			ort.SetSharedLibraryPath(path)
			if failed = ort.InitializeEnvironment(ort.WithLogLevelError()); failed != nil {
				failed = fmt.Errorf("start ONNX Runtime of %s: %w", path, failed)
			}
			if library != "" { // the system reads it, and does not tell how far it is
				read(runtimeSize(library))
			}
		})
		return path, failed
	}
}()

// runtimeSize is how long the library is, in bytes; 0 when that cannot be told.
func runtimeSize(library string) int64 {
	if library == "" {
		return ortlib.Size()
	}
	if f, err := os.Stat(library); err == nil {
		return f.Size()
	}
	return 0
}

// silence keeps ONNX Runtime from calling home. Since 1.29 its published libraries send what they run to their maker
// unless this variable is set when they start; a switch of their interface comes too late for the first message.
func silence() error {
	if err := os.Setenv("ORT_DISABLE_TELEMETRY", "1"); err != nil {
		return fmt.Errorf("keep ONNX Runtime from calling home: %w", err)
	}
	return nil
}

// Device is what the network runs on.
type Device string

// The devices that can be asked for.
const (
	DeviceAuto Device = "auto" // CUDA where it works, else the CPU
	DeviceCPU  Device = "cpu"
	DeviceCUDA Device = "cuda" // the CPU where it does not work, and a complaint
)

// device opens sessions on what was found.
type device struct {
	threads int    // of the CPU
	cuda    bool   // what is used
	missed  string // why CUDA is not, where it was asked for or looked for
}

// cudaProvider is the file that ONNX Runtime loads CUDA from; it stands beside the library, or there is none.
const cudaProvider = "libonnxruntime_providers_cuda.so"

// findDevice settles what to run on. That CUDA does not work is no error: the same pictures come out of the CPU, later.
func findDevice(asked Device, library string, threads int) *device {
	d := &device{threads: threads}
	if asked == DeviceCPU || asked == "" {
		return d
	}
	// Asking for it without the file works too, but makes the runtime complain on stderr.
	if _, err := os.Stat(filepath.Join(filepath.Dir(library), cudaProvider)); err != nil {
		d.missed = "there is no " + cudaProvider + " beside the ONNX Runtime library"
		return d
	}
	options, err := ort.NewSessionOptions()
	if err != nil {
		d.missed = err.Error()
		return d
	}
	defer func() { _ = options.Destroy() }()
	if err := appendCUDA(options); err != nil {
		d.missed = err.Error()
		return d
	}
	d.cuda = true
	return d
}

// name is what the device is called in logs.
func (d *device) name() Device {
	if d.cuda {
		return DeviceCUDA
	}
	return DeviceCPU
}

func appendCUDA(options *ort.SessionOptions) error {
	cuda, err := ort.NewCUDAProviderOptions()
	if err != nil {
		return fmt.Errorf("prepare CUDA: %w", err)
	}
	defer func() { _ = cuda.Destroy() }()
	if err := options.AppendExecutionProviderCUDA(cuda); err != nil {
		return fmt.Errorf("prepare CUDA: %w", err)
	}
	return nil
}

func (d *device) open(onnx []byte, inputs, outputs []string) (*ort.DynamicAdvancedSession, error) {
	options, err := ort.NewSessionOptions()
	if err != nil {
		return nil, fmt.Errorf("prepare network: %w", err)
	}
	defer func() { _ = options.Destroy() }()
	if d.cuda {
		if err := appendCUDA(options); err != nil {
			return nil, err
		}
	}
	err = errors.Join(
		options.SetIntraOpNumThreads(d.threads),
		options.SetInterOpNumThreads(1),
		// Threads that wait for the next operator spin, which takes a seventh of the time off a forward of some hundreds of
		// them. Between forwards they sleep: the machine is shared with the rest of the studio.
		options.AddSessionConfigEntry("session.force_spinning_stop", "1"),
	)
	if err != nil {
		return nil, fmt.Errorf("prepare network: %w", err)
	}
	session, err := ort.NewDynamicAdvancedSessionWithONNXData(onnx, inputs, outputs, options)
	if err != nil {
		return nil, fmt.Errorf("load network: %w", err)
	}
	return session, nil
}

// runSession runs once and stops in the middle when ctx ends.
func runSession(ctx context.Context, s *ort.DynamicAdvancedSession, inputs, outputs []ort.Value) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	options, err := ort.NewRunOptions()
	if err != nil {
		return fmt.Errorf("run network: %w", err)
	}
	told := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(told)
		_ = options.Terminate() // a run that cannot be stopped ends by itself soon
	})
	err = s.RunWithOptions(inputs, outputs, options)
	if !stop() {
		<-told
	}
	_ = options.Destroy() // frees memory; there is nothing to do about a failure
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("run network: %w", err)
	}
	return nil
}
